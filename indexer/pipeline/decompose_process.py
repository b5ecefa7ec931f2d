"""Derivation in a process of its own, once there is enough to derive.

The engine holds Python's lock while it writes, and so does making points for it: beside that a
thread that derives gets hardly anywhere, whatever cores there are.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Self

from splicedex.indexer.concurrency.child_process import Child, DiedError
from splicedex.indexer.pipeline.decompose import Derivation, Derived
from splicedex.indexer.store.index import Index
from splicedex.splice.align import Matrix
from splicedex.splice.errors import UserError
from splicedex.splice.presence.calibration import Calibration

ALONE = 4096
"""Images after which a process is started; before, they would be done before it is ready."""


class Deriving:
    """A derivation that is called in this process until another one is ready for it.

    Where it is called makes no difference to the result. To be closed.

    Args:
        index: Open index whose derivation it is.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._derivation: Derivation | None = None
        self._images = 0
        self._child: Child | None = None
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter")
        self._started: Future[None] | None = None

    def __call__(self, embeddings: Matrix, calibration: Calibration) -> Derived:
        """Derive; see `Derivation`.

        Args:
            embeddings: (n, d).
            calibration: The index's, which a process knows from its start: for another one there is
                another process.

        Raises:
            UserError: The process has died.
        """
        if self._derivation is None or self._derivation.calibration is not calibration:
            self._dismiss()
            self._derivation = replace(Derivation.of(self._index), calibration=calibration)
        self._images += len(embeddings)
        if self._child is None and self._images > ALONE:
            self._child = Child(self._derivation)
            self._started = self._starter.submit(self._child.start)
        if self._child is None or self._started is None or not self._started.done():
            return self._derivation(embeddings)
        try:
            self._started.result()
            derived: Derived = self._child(embeddings)
        except DiedError as death:
            raise UserError(
                f"the process that decomposes images died ({death})",
                "make sure that memory suffices, then run the same command again to continue",
            ) from death
        return derived

    def close(self) -> None:
        """Let the process go; not while another thread calls."""
        if self._child is not None:
            self._child.kill()
        self._starter.shutdown()
        self._dismiss()

    def _dismiss(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        if self._started is not None:
            wait([self._started])
        child.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
