"""Work in threads, one for each core, with one BLAS thread each.

BLAS would split each tiny product among its own threads, which takes longer than the product. With
one block of the work for each thread all cores are busy, none waits, and the result has the same
bits for any number of cores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from splicedex.splice.blas import one_blas_thread

Given = TypeVar("Given")
Made = TypeVar("Made")


def cores() -> int:
    """Number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_threads(
    function: Callable[[Given], Made], items: Iterable[Given], threads: int | None = None
) -> list[Made]:
    """Apply a function that spends its time in NumPy to each item.

    Args:
        function: Safe to call in several threads at a time.
        items: Its arguments.
        threads: Calls at a time; by default as many as there are cores.

    Returns:
        The results, in the order of the items.
    """
    threads, items = threads or cores(), list(items)
    with one_blas_thread:
        if threads == 1 or len(items) <= 1:
            return [function(item) for item in items]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(function, items))
