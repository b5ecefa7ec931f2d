"""Derivation in a process of its own, once there is enough to derive.

The engine holds Python's lock while it writes, and so does making points for it: beside that a
thread that derives gets hardly anywhere, whatever cores there are.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import Self

from indexer.child import Child, DiedError
from indexer.derive import Derivation, Derived
from indexer.index import Index
from splice.align import Matrix
from splice.errors import UserError
from splice.presence import Calibration

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
        self._images = 0
        self._child: Child | None = None
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter")
        self._started: Future[None] | None = None

    def __call__(self, embeddings: Matrix, calibration: Calibration) -> Derived:
        """Derive; see `Derivation`.

        Raises:
            UserError: The process has died.
        """
        self._images += len(embeddings)
        if self._child is None and self._images > ALONE:
            self._child = Child(self._derivation)
            self._started = self._starter.submit(self._child.start)
        if self._child is None or self._started is None or not self._started.done():
            return self._derivation(embeddings, calibration)
        try:
            self._started.result()
            derived: Derived = self._child(embeddings, calibration)
        except DiedError as death:
            raise UserError(
                f"the process that decomposes images died ({death})",
                "make sure that memory suffices, then run the same command again to continue",
            ) from death
        return derived

    @cached_property
    def _derivation(self) -> Derivation:
        return Derivation.of(self._index)

    def close(self) -> None:
        """Let the process go; not while another thread calls."""
        if self._child is not None:
            self._child.kill()
        self._starter.shutdown()
        if self._child is not None:
            self._child.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
