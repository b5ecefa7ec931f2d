"""An index that is held open: by several threads, until it is closed, in one process."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from splicedex.indexer.store.address import Address, Collection
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.search.browse.concept_frequency import FrequencyCache
    from splicedex.search.searcher import Searcher


class Session:
    """An open index.

    Args:
        address: Its address.

    Raises:
        UserError: There is no index, it is damaged, it was made by a newer version, another process
            holds it, or its server does not answer or refuses the request.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._free = threading.Condition()
        self._running = 0
        self._closed = False
        self._process = os.getpid()
        self._opened: _Opened | None = _Opened(address)

    @property
    def is_open(self) -> bool:
        """Whether it can be used here."""
        return not self._closed and self._process == os.getpid()

    @contextmanager
    def searcher(self) -> Iterator[Searcher]:
        """The searcher, for one call; `close` waits for its end.

        Raises:
            UserError: The index is closed, or was opened before this process was forked.
        """
        from splicedex.splice.blas import one_blas_thread

        with self._entered() as opened, one_blas_thread:
            yield opened.searcher

    @contextmanager
    def frequencies(self) -> Iterator[FrequencyCache]:
        """The frequencies of its concepts, for one call."""
        with self._entered() as opened:
            yield opened.frequencies

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Release the index for as long as another process works on its files; open it again after.

        Raises:
            UserError: It is closed.
        """
        with self._free:
            self._check()
            self._free.wait_for(lambda: not self._running)
            self._release()
            try:
                yield
            finally:
                self._opened = _Opened(self.address)

    def close(self) -> None:
        """Release the index when all calls have ended. Closing it again does nothing."""
        if self._process != os.getpid():  # it belongs to the process that was forked
            return
        with self._free:
            self._closed = True
            self._free.wait_for(lambda: not self._running)
            self._release()

    @contextmanager
    def _entered(self) -> Iterator[_Opened]:
        self._check()
        with self._free:
            self._check()
            assert self._opened is not None
            opened = self._opened
            self._running += 1
        try:
            yield opened
        finally:
            with self._free:
                self._running -= 1
                self._free.notify_all()

    def _check(self) -> None:
        if self._process != os.getpid():
            raise UserError(
                f"{self.address} was opened before this process was forked",
                "open it here again, after it was closed there: a folder has one process at a time",
            )
        if self._closed:
            raise UserError(f"{self.address} is closed", "open it again: splicedex.open(...)")

    def _release(self) -> None:
        opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()


class _Opened:
    """What is open of an index. It is closed at the latest when Python ends."""

    def __init__(self, address: Address) -> None:
        from splicedex.indexer.store.index import open_index
        from splicedex.search.opening import kept_fresh, searcher_of

        stack = ExitStack()
        with stack:
            index = stack.enter_context(open_index(address))
            if isinstance(address, Collection):
                stack.enter_context(kept_fresh(index))
            self.searcher = searcher_of(index)
            self.close = weakref.finalize(self, _close, stack.pop_all(), os.getpid())
        self._lock = threading.Lock()
        self._frequencies: FrequencyCache | None = None

    @property
    def frequencies(self) -> FrequencyCache:
        from splicedex.search.browse.concept_frequency import FrequencyCache

        with self._lock:
            if self._frequencies is None:
                self._frequencies = FrequencyCache(self.searcher.index)
            return self._frequencies


def _close(stack: ExitStack, process: int) -> None:
    if process == os.getpid():
        stack.close()
