"""Thread pools for work that would block the event loop, with a bounded queue."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

from splicedex.api.http.guard.problems import ProblemError

P = ParamSpec("P")
T = TypeVar("T")


class Pool:
    """A thread pool with a bounded queue, used from one event loop.

    Args:
        name: Prefix of the names of its threads.
        threads: Number of threads.
        waiting: Number of calls that may wait for a thread.
    """

    def __init__(self, name: str, threads: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._most = threads + waiting
        self._counting = threading.Lock()
        self.pending = 0

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make a call in a thread; returns what it returns.

        Raises:
            ProblemError: 503 if too many calls wait already.
        """
        if self.pending >= self._most:
            raise ProblemError(
                503, "the server is busy", "try again in a few seconds", {"Retry-After": "2"}
            )
        with self._counting:
            self.pending += 1
        future = self._threads.submit(call, *args, **kwargs)
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    def _done(self, _: Future[Any]) -> None:
        with self._counting:  # in the thread of the call: waking the event loop takes as long
            self.pending -= 1

    def close(self) -> None:
        """Cancel the calls that wait, and finish those that run."""
        self._threads.shutdown(cancel_futures=True)
