"""Presence as an engine can filter on it: probabilities in twentieths, one integer a concept.

A point's payload field `presence` lists `concept * 20 + floor(20 p)` for every concept with p of at
least a tenth. A condition on strength is then a handful of values in the engine's integer index,
exact at multiples of .05.
"""

from __future__ import annotations

import math

import numpy as np

from indexer.query import Filter, Match, Not
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
    bounds = np.searchsorted(rows, np.arange(1, len(probabilities)))
    return [part.tolist() for part in np.split(values, bounds)]


def at_least(concept: int, probability: float) -> Filter:
    """Images that have a concept with at least this probability, rounded to a twentieth.

    Below a tenth every image is meant, as fainter probabilities are not kept.
    """
    band = math.floor(BANDS * probability + 0.5)
    if band < FAINTEST:
        return Not(Match(FIELD, ()))
    return Match(FIELD, tuple(BANDS * concept + b for b in range(min(band, BANDS - 1), BANDS)))
