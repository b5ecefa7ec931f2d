"""Threads of the linear algebra library."""

from __future__ import annotations

from threadpoolctl import threadpool_limits


def one_blas_thread() -> None:
    """Let this process multiply small matrices in one thread from now on.

    What a query multiplies takes a millisecond; waking other threads takes as long, and a hundred
    times that on a busy machine.
    """
    threadpool_limits(1, user_api="blas")
