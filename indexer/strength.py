"""Presence as an engine can filter on it: probabilities in twentieths, one integer a concept.

A point's payload field `presence` lists `concept * 20 + floor(20 p)` for every concept with p of at
least a tenth. A condition on strength is then a handful of values in the engine's integer index,
exact at multiples of .05. Beside them stands `concept * 20` for every concept that counts as
present, itself or by its kin: what most queries ask is one value, not a hundred.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from indexer.query import Match
from splice.align import Matrix
from splice.kin import Kinship
from splice.presence import PRESENT

FIELD = "presence"
BANDS = 20
FAINTEST = 2
"""The lowest band that is kept: p ≥ .1."""


Integers: TypeAlias = NDArray[np.int64]


class Strengths:
    """Writes presence as codes.

    Args:
        kinship: The families of the concepts.
    """

    def __init__(self, kinship: Kinship) -> None:
        self._starts, self._kin = kinship.starts, kinship.concepts
        self._asked = np.array([_asked(float(weight)) for weight in kinship.weights], np.int64)
        """The band at which a concept makes its kin present."""

    def codes(self, probabilities: Matrix) -> list[list[int]]:
        """What to store of images whose concepts have these probabilities (n, c)."""
        rows, concepts = np.nonzero(probabilities >= FAINTEST / BANDS)
        bands = np.floor(BANDS * probabilities[rows, concepts]).astype(np.int64)
        bands = np.minimum(bands, BANDS - 1)
        images = BANDS * probabilities.shape[1] * rows
        here = self._present(bands, concepts)
        values = images[here[0]] + BANDS * self._kin[here[1]]
        keys = np.unique(np.concatenate([images + BANDS * concepts + bands, values]))
        rows, codes = np.divmod(keys, BANDS * probabilities.shape[1])
        starts = np.searchsorted(rows, np.arange(1, len(probabilities)))
        return [part.tolist() for part in np.split(codes, starts)][: len(probabilities)]

    def _present(self, bands: Integers, concepts: Integers) -> tuple[Integers, Integers]:
        """Entries that make a concept present, with the place of that one among the kin."""
        likely = np.flatnonzero(bands >= _band(PRESENT))
        first = self._starts[concepts[likely]]
        sizes = self._starts[concepts[likely] + 1] - first
        entries = np.repeat(likely, sizes)
        within = np.arange(len(entries)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        kin = np.repeat(first, sizes) + within
        enough = bands[entries] >= self._asked[kin]
        return entries[enough], kin[enough]


def at_least(concept: int, probability: float) -> Match:
    """Images that have a concept with at least this probability, rounded to a twentieth.

    Below a tenth a tenth is meant, as fainter probabilities are not kept, and above .95 .95.
    """
    return Match(FIELD, tuple(range(BANDS * concept + _band(probability), BANDS * (concept + 1))))


def has(concept: int) -> Match:
    """Images where a concept counts as present, itself or by its kin."""
    return Match(FIELD, (BANDS * concept,))


def _band(probability: float) -> int:
    band = math.floor(BANDS * probability + 0.5)
    return min(max(band, FAINTEST), BANDS - 1)


def _asked(weight: float) -> int:
    """The band at which kin of a weight counts as the concept itself; `BANDS` for never."""
    return _band(PRESENT / weight) if weight >= PRESENT else BANDS
