"""Number of images with each concept, by one facet over the presence field.

Comparing a subset with the whole index needs the counts of all images. To count a million images
takes seconds, so an index with one writer at a time keeps the counts in a file.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.query import And, Filter, Not, Or
from splicedex.indexer.store.presence_payload import PRESENCE
from splicedex.splice.errors import UserError
from splicedex.splice.npz import DAMAGE
from splicedex.splice.presence.calibration import Calibration

FILE = "counts.npz"
_ALL = Not(Or(()))
"""Passes every image. With a filter Edge counts image by image, which takes half the time of
counting value by value without a filter."""
FEW = 1 / 128
"""Share of the images below which it is faster to read single pages of the presence index than all
of it."""
LARGE = 0.1
"""Share of the images from which Edge computes a facet by the images of each value instead of by
the values of each image."""

Counts: TypeAlias = NDArray[np.int64]


def count_concepts(engine: Engine, concepts: int, passing: Filter | None = None) -> Counts:
    """Number of images (c,) that a query for each concept finds, read-only.

    Args:
        engine: Engine of the index.
        concepts: Number of concepts c.
        passing: Count only images that pass; None counts all.

    Raises:
        UserError: The engine's index of presence is damaged.
    """
    counts = np.zeros(concepts, np.int64)
    for concept, images in concept_facet(engine, PRESENCE, concepts, passing, concepts):
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
    found = [(int(one), images) for one, images in engine.facet(field, filter=passing, limit=limit)]
    if not all(0 <= concept < concepts for concept, _ in found):
        raise UserError(
            f"the payload index of {field!r} is damaged: it lists an unknown concept",
            "run splicedex repair on the index",
        )
    return found


class ConceptCounts:
    """Number of images with each concept in an index, counted whenever it is asked for.

    Nothing is kept, because on a server other clients may write at any time. Safe to share among
    threads.

    Args:
        engine: Engine of the index.
        calibration: Returns the calibration of its presence probabilities.
    """

    def __init__(self, engine: Engine, calibration: Callable[[], Calibration]) -> None:
        self._engine = engine
        self._calibration = calibration

    def of(self, passing: Filter | None = None) -> Counts:
        """Number of images (c,) with each concept, read-only.

        Args:
            passing: Count only images that pass; None counts all.
        """
        return count_concepts(self._engine, len(self._calibration().offset), passing)

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
        calibration: Returns the calibration of its presence probabilities.
        file: The file.
    """

    def __init__(self, engine: Engine, calibration: Callable[[], Calibration], file: Path) -> None:
        super().__init__(engine, calibration)
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
        self._preload("point", self._engine.estimate(passing))

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
        self._preload("value" if images >= LARGE * self._engine.count() else "point", images)
        return super().of(passing or _ALL)

    def _preload(self, by: Literal["point", "value"], images: int) -> None:
        if images >= FEW * self._engine.count():
            self._engine.preload(PRESENCE, by)

    def _stamp(self) -> str:
        """Identifies what was counted: number of images and calibration."""
        calibration = self._calibration()
        hashed = blake2b(calibration.offset.tobytes(), digest_size=16)
        hashed.update(calibration.sample.tobytes())
        return f"{self._engine.count()} {hashed.hexdigest()}"


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
