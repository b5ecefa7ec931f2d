"""Rows in blocks: one block a thread, each with a single BLAS thread, results as one matrix.

Most of the time goes into products of a block with the whole dictionary and much of the rest into
thousands of tiny ones. BLAS would share each of the tiny ones among its threads, at more cost than
they take; one block a thread keeps all cores busy with no waiting.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from scipy.sparse import csr_array, vstack

from splicedex.splice.blas import one_blas_thread
from splicedex.splice.solver.arrays import Array, Arrays
from splicedex.splice.solver.problem import Problem


def solve_blocks(
    problem: Problem,
    solve: Callable[[Array], csr_array],
    floats_per_row: int,
    threads: int | None = None,
) -> csr_array:
    """Apply a solver to all rows, a block at a time.

    Args:
        problem: Dictionary (c, d) and embeddings (n, d).
        solve: Gives the weights (b, c) of a block (b, d).
        floats_per_row: What the solver holds for each row, which bounds the block.
        threads: Blocks at a time; as many as there are cores if None.

    Returns:
        Weights (n, c), indices sorted, no explicit zeros.
    """
    arrays, n = problem.arrays, problem.embeddings.shape[0]
    if n == 0:
        dtype = arrays.numpy(problem.dictionary[:0]).dtype
        return csr_array((0, problem.dictionary.shape[0]), dtype=dtype)
    threads = (threads or _cores()) if arrays.threaded else 1
    turns = math.ceil(n * floats_per_row / arrays.block / threads)
    rows = math.ceil(n / (turns * threads))
    starts = range(0, n, rows)

    def run(start: int) -> csr_array:
        return solve(problem.rows(start, min(start + rows, n)))

    with arrays.exact(), one_blas_thread:
        if threads == 1 or len(starts) == 1:
            parts = [run(start) for start in starts]
        else:
            with ThreadPoolExecutor(threads) as pool:
                parts = list(pool.map(run, starts))
    return csr_array(vstack(parts, format="csr"))


def csr_from_entries(
    arrays: Arrays, rows: Array, columns: Array, values: Array, shape: tuple[int, int]
) -> csr_array:
    """CSR from entries (e,) in any order, no place twice and no value 0."""
    row, column = arrays.numpy(rows), arrays.numpy(columns)
    order = np.argsort(row * shape[1] + column)
    starts = np.zeros(shape[0] + 1, np.int32)
    np.cumsum(np.bincount(row, minlength=shape[0]), out=starts[1:])
    return csr_array(
        (arrays.numpy(values)[order], column[order].astype(np.int32), starts), shape=shape
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
