"""Decomposes in a child process once there are enough images to pay for its start.

The engine holds Python's global lock while it writes, and so does the code that builds points. A
thread that decomposes next to them makes almost no progress, however many cores there are.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Self

from splicedex.indexer.concurrency.child_process import ChildProcess, DiedError
from splicedex.indexer.pipeline.decompose import Decomposed, Decomposer
from splicedex.indexer.store.index import Index
from splicedex.splice.align import Matrix
from splicedex.splice.errors import UserError
from splicedex.splice.presence.calibration import Calibration

ALONE = 4096
"""Images that are decomposed in the calling process before a child is started. Fewer would be done
before the child is ready."""


class DecomposeProcess:
    """Decomposes in the calling process until a child process is ready, then in the child.

    The result is the same in both. Use it as a context manager, or close it.

    Args:
        index: Open index that the embeddings belong to.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._decomposer: Decomposer | None = None
        self._images = 0
        self._child: ChildProcess | None = None
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter")
        self._started: Future[None] | None = None

    def __call__(self, embeddings: Matrix, calibration: Calibration) -> Decomposed:
        """Decompose images; see `Decomposer`.

        Args:
            embeddings: Image embeddings (n, d), unit length.
            calibration: Calibration of the index. A child process receives it at its start, so
                another calibration needs another child.

        Returns:
            Weights (n, c) and n payloads.

        Raises:
            UserError: The child process died, or a row holds NaN or infinity.
        """
        if self._decomposer is None or self._decomposer.calibration is not calibration:
            self._end_child()
            self._decomposer = replace(Decomposer.of(self._index), calibration=calibration)
        self._images += len(embeddings)
        if self._child is None and self._images > ALONE:
            self._child = ChildProcess(self._decomposer, "decompose")
            self._started = self._starter.submit(self._child.start)
        if self._child is None or self._started is None or not self._started.done():
            return self._decomposer(embeddings)
        try:
            self._started.result()
            decomposed: Decomposed = self._child(embeddings)
        except DiedError as death:
            raise UserError(
                f"the process that decomposes images died ({death})",
                "make sure that memory suffices, then run the same command again to continue",
            ) from death
        return decomposed

    def close(self) -> None:
        """End the child process. No other thread may be calling."""
        if self._child is not None:
            self._child.kill()
        self._starter.shutdown()
        self._end_child()

    def _end_child(self) -> None:
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
