"""Presence probabilities as two payload fields that an engine can filter by.

`presence` lists every concept that counts as present, by itself or by a near-synonym, so most
queries match one value instead of a hundred. `strengths` lists `concept * 20 + floor(20 p)` for
every concept with a presence probability p of at least .1. A condition on p is then a few values of
the engine's integer index, exact at multiples of .05. The fields are separate because the engine
goes through all values that a field lists for an image.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.query import Match
from splicedex.splice.dictionary.near_synonyms import NearSynonyms
from splicedex.splice.presence.calibration import PRESENT

if TYPE_CHECKING:
    from scipy.sparse import csr_array

PRESENCE, STRENGTHS = FIELDS = ("presence", "strengths")
BANDS = 20
"""Number of bands of equal width that probabilities are rounded to."""
FAINTEST = 2
"""The lowest band that is stored: p ≥ .1."""
LEAST = FAINTEST / BANDS
"""The lowest probability that is stored."""

Integers: TypeAlias = NDArray[np.int64]


class PresenceEncoder:
    """Encodes presence probabilities as payload fields.

    Args:
        near_synonyms: Near-synonyms of each concept.
    """

    def __init__(self, near_synonyms: NearSynonyms) -> None:
        self._starts, self._synonyms = near_synonyms.starts, near_synonyms.concepts
        self._least = np.array(
            [_least_band(float(weight)) for weight in near_synonyms.weights], np.int64
        )
        """The band at which a concept makes its near-synonym present."""

    def payloads(self, probabilities: csr_array) -> list[dict[str, list[int]]]:
        """The fields of n images with these presence probabilities (n, c).

        Args:
            probabilities: Those of at least `LEAST`; others may be missing.
        """
        n, c = probabilities.shape
        stored = probabilities.data >= LEAST
        rows = np.repeat(np.arange(n), np.diff(probabilities.indptr))[stored]
        concepts = probabilities.indices[stored].astype(np.int64)
        bands = np.floor(BANDS * probabilities.data[stored]).astype(np.int64)
        bands = np.minimum(bands, BANDS - 1)
        entries, synonyms = self._present(bands, concepts)
        present = np.divmod(np.unique(c * rows[entries] + self._synonyms[synonyms]), c)
        return [
            {PRESENCE: here, STRENGTHS: codes}
            for here, codes in zip(
                _by_row(*present, n), _by_row(rows, BANDS * concepts + bands, n), strict=True
            )
        ]

    def _present(self, bands: Integers, concepts: Integers) -> tuple[Integers, Integers]:
        """Entries that make a concept present, with its position among the near-synonyms."""
        likely = np.flatnonzero(bands >= _band(PRESENT))
        first = self._starts[concepts[likely]]
        sizes = self._starts[concepts[likely] + 1] - first
        entries = np.repeat(likely, sizes)
        within = np.arange(len(entries)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        synonyms = np.repeat(first, sizes) + within
        enough = bands[entries] >= self._least[synonyms]
        return entries[enough], synonyms[enough]


def at_least(concept: int, probability: float) -> Match:
    """A filter for images in which a concept has at least a presence probability.

    Args:
        concept: Number of the concept.
        probability: Rounded to a multiple of .05, and at least .1, because lower ones are not
            stored, and at most .95.
    """
    return Match(
        STRENGTHS, tuple(range(BANDS * concept + _band(probability), BANDS * (concept + 1)))
    )


def has(concept: int) -> Match:
    """A filter for images in which a concept is present, by itself or by a near-synonym."""
    return Match(PRESENCE, (concept,))


def _by_row(rows: Integers, values: Integers, n: int) -> list[list[int]]:
    """The values of each of n rows; the rows are in ascending order."""
    ends = np.searchsorted(rows, np.arange(1, n + 1)).tolist()
    listed = values.tolist()
    return [listed[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def _band(probability: float) -> int:
    band = math.floor(BANDS * probability + 0.5)
    return min(max(band, FAINTEST), BANDS - 1)


def _least_band(weight: float) -> int:
    """The band at which a near-synonym of this weight makes the concept present; `BANDS`: never."""
    return _band(PRESENT / weight) if weight >= PRESENT else BANDS
