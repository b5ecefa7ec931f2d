"""Presence as an engine can filter on it: probabilities in twentieths, one integer a concept.

A point's payload field `presence` lists `concept * 20 + floor(20 p)` for every concept with p of at
least a tenth. A condition on strength is then a handful of values in the engine's integer index,
exact at multiples of .05.
"""

from __future__ import annotations

import math

import numpy as np

from indexer.query import Match
from splice.align import Matrix

FIELD = "presence"
BANDS = 20
FAINTEST = 2
"""The lowest band that is kept: p ≥ .1."""


def codes(probabilities: Matrix) -> list[list[int]]:
    """What to store of images whose concepts have these probabilities (n, c)."""
    rows, concepts = np.nonzero(probabilities >= FAINTEST / BANDS)
    bands = np.minimum(np.floor(BANDS * probabilities[rows, concepts]), BANDS - 1)
    values = BANDS * concepts + bands.astype(np.int64)
    starts = np.searchsorted(rows, np.arange(len(probabilities)))
    return [part.tolist() for part in np.split(values, starts)[1:]]


def at_least(concept: int, probability: float) -> Match:
    """Images that have a concept with at least this probability, rounded to a twentieth.

    Below a tenth a tenth is meant, as fainter probabilities are not kept, and above .95 .95.
    """
    band = math.floor(BANDS * probability + 0.5)
    band = min(max(band, FAINTEST), BANDS - 1)
    return Match(FIELD, tuple(range(BANDS * concept + band, BANDS * (concept + 1))))
