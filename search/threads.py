"""Threads of the linear algebra library."""

from __future__ import annotations

from threadpoolctl import threadpool_limits


def one_blas_thread() -> None:
    """Limit linear algebra in this process to one thread from now on.

    The products of a query take a millisecond. Waking other threads takes as long, and a hundred
    times as long on a busy machine.
    """
    threadpool_limits(1, user_api="blas")
