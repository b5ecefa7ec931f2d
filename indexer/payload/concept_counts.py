"""Number of images that show each concept, by one facet over the field `shows`.

Comparing a subset with the whole index needs the counts of all images. To count a million images
takes seconds, so an index with one writer at a time keeps the counts in a file.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.query import And, Filter, Not, Or
from splicedex.indexer.payload.presence import PRESENCE
from splicedex.indexer.payload.shows import SHOWS
from splicedex.splice.errors import UserError
from splicedex.splice.npz import DAMAGE

FILE = "counts.npz"
_ALL = Not(Or(()))
"""Passes every image. With a filter Edge counts image by image, which takes half the time of
counting value by value without a filter."""
FEW = 1 / 128
"""Share of the images below which it is faster to read single pages of a payload index than all of
it."""
LARGE = 0.1
"""Share of the images from which Edge computes a facet by the images of each value instead of by
the values of each image."""

Counts: TypeAlias = NDArray[np.int64]


def count_concepts(engine: Engine, concepts: int, passing: Filter | None = None) -> Counts:
    """Number of images (c,) that show each concept, read-only.

    Args:
        engine: Engine of the index.
        concepts: Number of concepts c.
        passing: Count only images that pass; None counts all.

    Raises:
        UserError: The engine's index of the field is damaged.
    """
    counts = np.zeros(concepts, np.int64)
    for concept, images in concept_facet(engine, SHOWS, concepts, passing, concepts):
        counts[concept] = images
    counts.flags.writeable = False
    return counts


def concept_facet(
    engine: Engine, field: str, concepts: int, passing: Filter | None, limit: int
) -> list[tuple[int, int]]:
    """The concepts that most images list in a payload field.

    Args:
        engine: Engine of the index.
        field: Payload field that lists concepts.
        concepts: Number of concepts in the space.
        passing: Count only images that pass; None counts all.
        limit: Maximum number of concepts to return.

    Returns:
        Concepts with their numbers of images, most frequent first.

    Raises:
        UserError: The engine's index of the field is damaged.
    """
    mapped, chosen = engine.mapped, passing or And(())
    if mapped and field in mapped.postings and mapped.answers(chosen):
        values, counts = mapped.facet(field, chosen)
        most = np.argsort(-counts, kind="stable")[:limit]
        found = list(zip(values[most].tolist(), counts[most].tolist(), strict=True))
    else:
        facet = engine.facet(field, filter=passing, limit=limit)
        found = [(int(one), images) for one, images in facet]
    if not all(0 <= concept < concepts for concept, _ in found):
        raise UserError(
            f"the payload index of {field!r} is damaged: it lists an unknown concept",
            "run splicedex repair on the index",
        )
    return found


class ConceptCounts:
    """Number of images that show each concept in an index, counted whenever it is asked for.

    Nothing is kept, because on a server other clients may write at any time. Safe to share among
    threads.

    Args:
        engine: Engine of the index.
        concepts: Number of concepts c of its space.
    """

    def __init__(self, engine: Engine, concepts: int) -> None:
        self._engine = engine
        self._concepts = concepts

    def of(self, passing: Filter | None = None) -> Counts:
        """Number of images (c,) with each concept, read-only.

        Args:
            passing: Count only images that pass; None counts all.
        """
        return count_concepts(self._engine, self._concepts, passing)

    def preload(self, passing: Filter) -> None:
        """Announce that images which pass a filter by concepts will be counted."""

    def invalidate(self) -> None:
        """Announce that images are about to change."""

    def rebuild(self) -> None:
        """Announce that images have changed, and count them anew."""

    def file_is_wrong(self) -> bool:
        """Whether a file with counts disagrees with the engine."""
        return False


class CachedConceptCounts(ConceptCounts):
    """Counts of an index without other writers. The counts of all images are kept in a file.

    `invalidate` removes the file before images change, and `rebuild` writes it after. A run that
    is killed in between leaves no file. Whoever counts all images at any other time writes it too.

    Args:
        engine: Engine of the index.
        concepts: Number of concepts c of its space.
        file: The file.
    """

    def __init__(self, engine: Engine, concepts: int, file: Path) -> None:
        super().__init__(engine, concepts)
        self._file = file
        self._lock = threading.Lock()
        self._kept: tuple[str, Counts] | None = None
        self._changing = False
        self._changes = 0

    def of(self, passing: Filter | None = None) -> Counts:
        """Number of images (c,) with each concept, read-only.

        Args:
            passing: Count only images that pass; None counts all.
        """
        if passing is not None and passing != And(()):
            return self._count(passing)
        with self._lock:
            changes, changing, kept = self._changes, self._changing, self._kept
        stamp = self._stamp()
        kept = kept if kept or changing else _load(self._file)
        if kept is not None and kept[0] == stamp:
            counts, fresh = kept[1], False
        else:
            counts, fresh = self._count(), True
        with self._lock:
            if not changing and changes == self._changes and stamp == self._stamp():
                self._kept = stamp, counts
                if fresh:
                    _save(self._file, stamp, counts)
        return counts

    def preload(self, passing: Filter) -> None:
        """Read what a filter by concepts needs from disk, where many images pass it.

        Even to count the images of one concept, Edge looks at each point.
        """
        self._preload(PRESENCE, "point", self._engine.estimate(passing))

    def invalidate(self) -> None:
        """Remove the counts and keep none until `rebuild`: images are about to change."""
        with self._lock:
            self._kept, self._changing = None, True
            self._changes += 1
            self._file.unlink(missing_ok=True)

    def rebuild(self) -> None:
        """Count all images anew and keep the counts: images have changed."""
        with self._lock:
            self._changing = False
        self.of()

    def file_is_wrong(self) -> bool:
        """Whether the file is up to date by its stamp, but disagrees with the engine."""
        found = _load(self._file)
        if found is None or found[0] != self._stamp():
            return False
        try:
            return not np.array_equal(found[1], self._count())
        except UserError:
            return True

    def _count(self, passing: Filter | None = None) -> Counts:
        images = self._engine.count(passing)
        by: Literal["point", "value"] = (
            "value" if images >= LARGE * self._engine.count() else "point"
        )
        self._preload(SHOWS, by, images)
        return super().of(passing or _ALL)

    def _preload(self, field: str, by: Literal["point", "value"], images: int) -> None:
        if images >= FEW * self._engine.count():
            self._engine.preload(field, by)

    def _stamp(self) -> str:
        """Identifies what was counted, as far as is cheap: the field and the number of images."""
        return f"{SHOWS} {self._engine.count()}"


def _save(file: Path, stamp: str, counts: Counts) -> None:
    """Write the file completely or, where the disk is full or read-only, not at all."""
    partial = file.with_name(f"partial-{file.name}")
    try:
        np.savez(partial, stamp=stamp, counts=counts)
        partial.replace(file)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _load(file: Path) -> tuple[str, Counts] | None:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            counts = arrays["counts"]
            counts.flags.writeable = False
            return str(arrays["stamp"]), counts
    except DAMAGE:
        return None
