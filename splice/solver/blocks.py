"""Solving rows in blocks, one block per thread.

Most of the time goes into products of a block with the whole dictionary, and much of the rest into
thousands of tiny products.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.sparse import csr_array, vstack

from splicedex.splice.solver.arrays import Array, Arrays
from splicedex.splice.solver.problem import Problem
from splicedex.splice.threads import cores, map_in_threads


def solve_blocks(
    problem: Problem,
    solve: Callable[[Array], csr_array],
    floats_per_row: int,
    threads: int | None = None,
) -> csr_array:
    """Apply a solver to all embeddings, block by block.

    Args:
        problem: Dictionary (c, d) and embeddings (n, d).
        solve: Returns the weights (b, c) of a block of embeddings (b, d).
        floats_per_row: Memory of the solver per row, in floats; it limits the size of a block.
        threads: Blocks to solve at a time; by default as many as there are cores.

    Returns:
        Weights (n, c), with sorted indices and no explicit zeros.

    Raises:
        UserError: An embedding holds NaN or infinity.
    """
    arrays, n = problem.arrays, problem.embeddings.shape[0]
    if n == 0:
        dtype = arrays.numpy(problem.dictionary[:0]).dtype
        return csr_array((0, problem.dictionary.shape[0]), dtype=dtype)
    threads = (threads or cores()) if arrays.threaded else 1
    rounds = math.ceil(n * floats_per_row / arrays.block / threads)
    rows = math.ceil(n / (rounds * threads))
    starts = range(0, n, rows)

    def run(start: int) -> csr_array:
        return solve(problem.rows(start, min(start + rows, n)))

    with arrays.exact():
        parts = map_in_threads(run, starts, threads)
    return csr_array(vstack(parts, format="csr"))


def csr_from_entries(
    arrays: Arrays, rows: Array, columns: Array, values: Array, shape: tuple[int, int]
) -> csr_array:
    """Build a CSR matrix from its entries.

    Args:
        arrays: The library of the entries.
        rows: Row of each entry (e,), in any order.
        columns: Column of each entry (e,); no position occurs twice.
        values: Value of each entry (e,), not 0.
        shape: Shape of the matrix.

    Returns:
        The matrix, with sorted indices.
    """
    row, column = arrays.numpy(rows), arrays.numpy(columns)
    order = np.argsort(row * shape[1] + column)
    starts = np.zeros(shape[0] + 1, np.int32)
    np.cumsum(np.bincount(row, minlength=shape[0]), out=starts[1:])
    return csr_array(
        (arrays.numpy(values)[order], column[order].astype(np.int32), starts), shape=shape
    )
