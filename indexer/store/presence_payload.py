"""Presence as an engine can filter on it, in two payload fields of a point.

`presence` lists every concept that counts as present, itself or by its kin: what most queries ask
is one value, not a hundred. `strengths` lists `concept * 20 + floor(20 p)` for every concept with p
of at least a tenth. A condition on strength is then a handful of values in the engine's integer
index, exact at multiples of .05. They are apart as the engine, to see whether an image has a value,
goes through all that the field lists for it.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.query import Match
from splicedex.splice.align import Matrix
from splicedex.splice.dictionary.near_synonyms import NearSynonyms
from splicedex.splice.presence.calibration import PRESENT

PRESENCE, STRENGTHS = FIELDS = ("presence", "strengths")
BANDS = 20
FAINTEST = 2
"""The lowest band that is kept: p ≥ .1."""


Integers: TypeAlias = NDArray[np.int64]


class PresenceEncoder:
    """Writes what is stored of presence.

    Args:
        near_synonyms: The families of the concepts.
    """

    def __init__(self, near_synonyms: NearSynonyms) -> None:
        self._starts, self._kin = near_synonyms.starts, near_synonyms.concepts
        self._asked = np.array(
            [_asked(float(weight)) for weight in near_synonyms.weights], np.int64
        )
        """The band at which a concept makes its kin present."""

    def payloads(self, probabilities: Matrix) -> list[dict[str, list[int]]]:
        """What to store of images whose concepts have these probabilities (n, c)."""
        n, c = probabilities.shape
        rows, concepts = np.nonzero(probabilities >= FAINTEST / BANDS)
        bands = np.floor(BANDS * probabilities[rows, concepts]).astype(np.int64)
        bands = np.minimum(bands, BANDS - 1)
        entries, kin = self._present(bands, concepts)
        present = np.divmod(np.unique(c * rows[entries] + self._kin[kin]), c)
        return [
            {PRESENCE: here, STRENGTHS: codes}
            for here, codes in zip(
                _by_row(*present, n), _by_row(rows, BANDS * concepts + bands, n), strict=True
            )
        ]

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
    return Match(
        STRENGTHS, tuple(range(BANDS * concept + _band(probability), BANDS * (concept + 1)))
    )


def has(concept: int) -> Match:
    """Images where a concept counts as present, itself or by its kin."""
    return Match(PRESENCE, (concept,))


def _by_row(rows: Integers, values: Integers, n: int) -> list[list[int]]:
    """The values of each of n rows, which are in ascending order."""
    ends = np.searchsorted(rows, np.arange(1, n + 1)).tolist()
    listed = values.tolist()
    return [listed[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _band(probability: float) -> int:
    band = math.floor(BANDS * probability + 0.5)
    return min(max(band, FAINTEST), BANDS - 1)


def _asked(weight: float) -> int:
    """The band at which kin of a weight counts as the concept itself; `BANDS` for never."""
    return _band(PRESENT / weight) if weight >= PRESENT else BANDS
