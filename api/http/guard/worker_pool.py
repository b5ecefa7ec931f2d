"""Thread pools for work that would block the event loop, with a bounded queue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

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
        self.pending += 1
        future = self._threads.submit(call, *args, **kwargs)
        loop = asyncio.get_running_loop()
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._done))
        return await asyncio.wrap_future(future)

    def _done(self) -> None:
        self.pending -= 1

    def close(self) -> None:
        """Cancel the calls that wait, and finish those that run."""
        self._threads.shutdown(cancel_futures=True)
