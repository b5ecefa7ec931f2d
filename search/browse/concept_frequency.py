"""How many images of an index have a concept, or are said to show it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.store.index import Index
from splicedex.search.query.plan import present
from splicedex.search.query.resolve import Resolved
from splicedex.splice.presence.calibration import PRESENT

FRESH = 10.0
"""Minimum time in seconds that counts are kept."""
PATIENCE = 20
"""Counts are kept this many times as long as counting took."""


@dataclass(frozen=True, eq=False)
class ConceptFrequencies:
    """The number of images of the whole index that show each concept.

    Args:
        concepts: Number of images that are said to show each concept (c,).
        images: Number of all images.
    """

    concepts: NDArray[np.int64]
    images: int

    def share(self, concept: int) -> float:
        """Share of all images that show a concept."""
        return float(self.concepts[concept]) / max(self.images, 1)


class FrequencyCache:
    """Cached concept frequencies of an index, counted again after some time. Thread-safe.

    Args:
        index: Open index.
        clock: Returns the time in seconds.
    """

    def __init__(self, index: Index, clock: Callable[[], float] = time.monotonic) -> None:
        self._index = index
        self._clock = clock
        self._lock = threading.Lock()
        self._frequencies: ConceptFrequencies | None = None
        self._until = -np.inf

    def current(self) -> ConceptFrequencies:
        """The frequencies, counted again if the cached ones are too old."""
        with self._lock:
            start = self._clock()
            if self._frequencies is None or start >= self._until:
                index = self._index
                self._frequencies = ConceptFrequencies(index.counts.of(), index.engine.count())
                end = self._clock()
                self._until = end + max(FRESH, PATIENCE * (end - start))
            return self._frequencies

    def complete(self, prefix: str, limit: int) -> list[tuple[str, int]]:
        """Complete what a user has typed to concepts, with the numbers of images that show them.

        Names that start with the prefix come first, then names with a word that does, then names
        that contain it; in each group those shown in most images first. Those that no image shows
        are listed too: whoever asks for an axolotl believes that there is one.

        Args:
            prefix: The text typed so far; blank for the most frequent concepts.
            limit: Maximum number of concepts.
        """
        typed = " ".join(prefix.split()).casefold()
        counts = self.current().concepts.tolist()
        names = self._index.space.concepts
        found = (
            (rank, -images, name)
            for name, images in zip(names, counts, strict=True)
            if (rank := _rank(name.casefold(), typed)) is not None
        )
        return [(name, -negative) for _, negative, name in sorted(found)[:limit]]


def _rank(name: str, typed: str) -> int | None:
    if name.startswith(typed):
        return 0
    if f" {typed}" in name:
        return 1
    return 2 if typed in name else None


def by_count(counts: NDArray[np.int64]) -> Iterator[int]:
    """Concepts that are shown, most frequent first."""
    ordered = np.argsort(-counts, kind="stable")
    yield from (int(i) for i in ordered if counts[i])


def images_with(index: Index, meaning: Resolved) -> int:
    """Number of images in which a resolved concept is present."""
    return index.engine.count(present(meaning, PRESENT))


def most_shown(index: Index, count: int) -> list[tuple[str, int]]:
    """The concepts that most images are said to show.

    Args:
        index: The open index.
        count: Maximum number of concepts.

    Returns:
        Pairs of a concept and its number of images, most images first.
    """
    counts, names = index.counts.of(), index.space.concepts
    return [(names[concept], int(counts[concept])) for concept in islice(by_count(counts), count)]
