"""Threads of the linear algebra library (BLAS)."""

from __future__ import annotations

from threadpoolctl import threadpool_limits


def one_blas_thread() -> None:
    """Limit matrix products of this process to one thread.

    The products of a query take a millisecond. Waking other threads takes as long, and up to a
    hundred times longer on a busy machine.
    """
    threadpool_limits(1, user_api="blas")
