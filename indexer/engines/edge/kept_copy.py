"""Keeps the mapped copy of an engine's points in step with what the engine writes.

The copy is never needed: where the disk is full, or the copy does not fit the points, it is dropped
and the engine answers alone, but slower. `splicedex repair` makes it again.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.mapped.copy import MappedCopy, remove
from splicedex.indexer.engines.mapped.snapshot import Snapshot
from splicedex.splice.errors import UserError


class KeptCopy:
    """The mapped copy of the points of one engine, or none. Threads may share it.

    Args:
        folder: Its folder.
        copy: The copy, if there is one.
    """

    def __init__(self, folder: Path, copy: MappedCopy | None) -> None:
        self._folder = folder
        self._copy = copy
        self._compared = False
        self._lock = threading.RLock()

    def snapshot(self, engine: Engine) -> Snapshot | None:
        """The copy, up to date; None if there is none.

        Args:
            engine: The engine, which is read where points were written.
        """
        with self._lock:
            if self._copy is None:
                return None
            if not self._copy.is_current:
                self._update(engine)
            if not self._compared and self._copy is not None:
                self._compared = True
                if self._copy.snapshot.points != engine.count():  # a power failure, changed files
                    self._drop()
            return self._copy.snapshot if self._copy else None

    def has_other_fields(self, field: str) -> bool:
        """Whether there is a copy, but without this payload field."""
        return self._copy is not None and field not in self._copy.fields

    def make(self, engine: Engine, dim: int, fields: Collection[str]) -> None:
        """Make the copy, in place of one that has other fields.

        Args:
            engine: The engine whose points are copied.
            dim: Dimension d of the dense vectors.
            fields: Payload fields that filters may name, beside those of the copy that is replaced.
        """
        with self._lock:
            known = self._copy.fields if self._copy else ()
            try:
                copy = MappedCopy.create(self._folder, dim, (*known, *fields))
                copy.announce([hit.id for hit in engine.scroll(with_payload=False)])
            except OSError:
                self._drop()
            else:
                self._copy, self._compared = copy, False

    @contextmanager
    def announced(
        self, ids: Sequence[str], fields: Collection[str] | None = None
    ) -> Iterator[None]:
        """Write points that the copy then has to read again.

        Until they are written the copy is not updated: it would read them too early.

        Args:
            ids: Ids of the points.
            fields: The only payload fields that change; None if anything may.
        """
        with self._lock:
            copy = self._copy
            if copy and ids and (fields is None or not set(fields).isdisjoint(copy.fields)):
                try:
                    copy.announce(ids)
                except OSError:
                    self._drop()
            yield

    def sync(self) -> None:
        """Wait until all announcements are on disk: the engine is about to do so for its writes."""
        if self._copy:
            self._copy.sync()

    def update_if_long(self, engine: Engine) -> None:
        """Update the copy if so much was written that it should not wait longer."""
        with self._lock:
            if self._copy and self._copy.is_long:
                self._update(engine)

    def finish(self, engine: Engine) -> None:
        """Update the copy before the engine is closed."""
        with suppress(UserError), self._lock:
            if self._copy and not self._copy.is_current:
                self._update(engine)

    def _update(self, engine: Engine) -> None:
        assert self._copy
        try:
            self._copy.update(
                lambda ids, fields: engine.retrieve(ids, with_payload=fields, with_dense=True)
            )
        except OSError:
            self._drop()

    def _drop(self) -> None:
        self._copy = None
        with suppress(OSError):
            remove(self._folder)
