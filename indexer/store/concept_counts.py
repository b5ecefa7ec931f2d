"""How many images have each concept: one facet over presence, and of all images kept in a file.

Whatever asks what a subset has more of than the rest needs the counts of all images, and a million
take seconds to count. A folder has one owner at a time, so there the counts hold until the owner
changes images: `forget` goes before, and removes the file, so that a run that dies leaves none. On
a server others may write at any time, so there nothing is kept.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.edge.page_cache import by_point, by_value, read_ahead
from splicedex.indexer.engines.query import And, Filter, Not, Or
from splicedex.indexer.store.presence_payload import PRESENCE
from splicedex.splice.errors import UserError
from splicedex.splice.npz import DAMAGE
from splicedex.splice.presence.calibration import Calibration

FILE = "counts.npz"
_ALL = Not(Or(()))
"""Passes every image. Edge counts what passes a filter by image, which takes half the time of what
passes none, value by value."""
FEW = 1 / 128
"""Share of the images below which their pages are read sooner one by one."""
LARGE = 0.1
"""Share of the images from which a facet goes through the images of each value, not the values of
each image."""

Counts: TypeAlias = NDArray[np.int64]


def count_concepts(engine: Engine, concepts: int, passing: Filter | None = None) -> Counts:
    """Images (c,) of those that pass a filter that a query for each concept would find.

    Args:
        engine: Of the index.
        concepts: How many concepts c there are.
        passing: The filter; None for every image.

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
    """The concepts that most images list in a field, with how many do.

    Args:
        engine: Of the index.
        field: Lists concepts.
        concepts: How many there are.
        passing: Counts only what passes; None counts every image.
        limit: At most this many.

    Raises:
        UserError: The engine's index of the field is damaged.
    """
    found = [(int(one), images) for one, images in engine.facet(field, filter=passing, limit=limit)]
    if not all(0 <= concept < concepts for concept, _ in found):
        raise UserError(
            f"the payload index of {field!r} is damaged: it lists what is no concept",
            "run splicedex repair on the index",
        )
    return found


class ConceptCounts:
    """Images by concept in an index; safe to share among threads.

    Args:
        engine: Of the index.
        calibration: Gives what its presence was made with.
        folder: Of an index that nobody else writes to, where the counts of all images are kept;
            None for any other.
    """

    def __init__(
        self, engine: Engine, calibration: Callable[[], Calibration], folder: Path | None
    ) -> None:
        self._engine = engine
        self._calibration = calibration
        self._file = folder / FILE if folder else None
        self._points = (folder or Path()) / "points"
        self._at_hand: set[Callable[[str], str]] = set()
        self._lock = threading.Lock()
        self._kept: tuple[str, Counts] | None = None
        self._changing = False
        self._changes = 0

    def of(self, passing: Filter | None = None) -> Counts:
        """Images (c,) that have each concept, of those that pass a filter; read-only."""
        if passing is not None and passing != And(()):
            return self._count(passing)
        return self._count() if self._file is None else self._all(self._file)

    def _all(self, file: Path) -> Counts:
        with self._lock:
            changes, changing, kept = self._changes, self._changing, self._kept
        stamp = self._stamp()
        kept = kept if kept or changing else _load(file)
        if kept is not None and kept[0] == stamp:
            counts, fresh = kept[1], False
        else:
            counts, fresh = self._count(), True
        with self._lock:
            if not changing and changes == self._changes and stamp == self._stamp():
                self._kept = stamp, counts
                if fresh:
                    _save(file, stamp, counts)
        return counts

    def expect(self, passing: Filter) -> None:
        """Images that pass a filter with concepts in it will be counted: have at hand what is read.

        To count what one concept has, too, Edge looks at each point.
        """
        images = self._engine.estimate(passing) if self._file else None
        if images is not None:
            self._have(by_point, images)

    def forget(self) -> None:
        """Images are about to change: keep nothing until `renew`."""
        with self._lock:
            self._kept, self._changing = None, True
            self._changes += 1
            if self._file is not None:
                self._file.unlink(missing_ok=True)

    def renew(self) -> None:
        """Images have changed: count them, if counts are kept at all."""
        with self._lock:
            self._changing = False
        if self._file is not None:
            self.of()

    def wrong(self) -> bool:
        """Whether the file says it counted what is there now, and says other than the engine."""
        found = _load(self._file) if self._file is not None else None
        if found is None or found[0] != self._stamp():
            return False
        try:
            return not np.array_equal(found[1], self._count())
        except UserError:
            return True

    def _count(self, passing: Filter | None = None) -> Counts:
        engine, concepts = self._engine, len(self._calibration().offset)
        if self._file is None:
            return count_concepts(engine, concepts, passing)
        images = engine.count(passing)
        self._have(by_value if images >= LARGE * engine.count() else by_point, images)
        return count_concepts(engine, concepts, passing or _ALL)

    def _have(self, part: Callable[[str], str], images: int) -> None:
        """Read a part of the index of presence in one go, where so many images are worth it."""
        if part not in self._at_hand and images >= FEW * self._engine.count():
            self._at_hand.add(part)
            read_ahead(self._points, [part(PRESENCE)])

    def _stamp(self) -> str:
        """Tells an index that others wrote to from the one that was counted."""
        calibration = self._calibration()
        hashed = blake2b(calibration.offset.tobytes(), digest_size=16)
        hashed.update(calibration.sample.tobytes())
        return f"{self._engine.count()} {hashed.hexdigest()}"


def _save(file: Path, stamp: str, counts: Counts) -> None:
    """Write the file, at once or not at all; a disk that is full or read-only takes none."""
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
