"""The exact non-negative lasso by working sets, a block of embeddings at a time."""

from __future__ import annotations

import math
from typing import Any

from scipy.sparse import csr_array

from splice.solver.arrays import Array, Arrays
from splice.solver.blocks import csr_from_entries, solve_blocks
from splice.solver.problem import Problem, check_penalty
from splice.solver.screening import proven_optimal
from splice.solver.working_set import Rows, improve

_NEWCOMERS = 48
"""Atoms a working set may grow by; as many as it has if those are more."""
_PASSES = 1000
"""Far beyond what is ever needed: each pass lowers the objective, most images take two or three."""
_DOUBLE_AFTER = 20
"""Passes before Gram matrices are taken in double: only nearly equal atoms need that."""


def nonnegative_lasso(
    dictionary: Any, embeddings: Any, l1_penalty: float, *, threads: int | None = None
) -> csr_array:
    """Sparse non-negative weights of embeddings in a dictionary, exactly (paper, section 4).

    For every embedding z it minimises `||C^T w - z||² + l1_penalty·||w||₁` over w ≥ 0. Each image
    keeps a working set: the atoms it uses and those most correlated with its residual. The small
    problem over the working set is solved exactly, the residual correlated with the atoms anew, and
    whoever exceeds λ/2 comes in, until nobody does. An image leaves once this optimality check
    (KKT) has passed; where the residual hardly moved, few atoms are left to be checked.

    Args:
        dictionary: Atoms C (c, d), usually unit vectors; NumPy array or torch tensor.
        embeddings: Z (n, d), likewise. A memory map is read block by block. Half precision is
            computed in single, double in double. Tensors on an accelerator are solved there.
        l1_penalty: λ > 0.
        threads: Blocks solved at a time by NumPy; None takes all cores.

    Returns:
        Weights (n, c), indices sorted, no explicit zeros. For unit vectors in single precision the
        gradient `2C(C^T w - z) + λ` is zero on the support and nowhere negative, to within 1e-5;
        the tolerance grows with the length of the atoms and embeddings.

    Raises:
        UserError: λ ≤ 0, shapes that do not match, an empty dictionary, NaN or infinity.
    """
    check_penalty(l1_penalty)
    problem = Problem.of(dictionary, embeddings)
    c, d = problem.dictionary.shape
    return solve_blocks(
        problem, lambda block: _solve_block(problem, block, l1_penalty / 2), c + 4 * d, threads
    )


def _solve_block(problem: Problem, embeddings: Array, threshold: float) -> csr_array:
    """Weights (b, c) of a block (b, d); an atom enters where its score exceeds λ/2, the threshold."""
    arrays, xp = problem.arrays, problem.arrays.xp
    rows = Rows.starting(problem, embeddings)
    finished = []
    for turn in range(_PASSES):
        scores = rows.residual @ problem.dictionary.T
        used = rows.weights > 0
        row, place = xp.where(used)
        atoms = rows.atoms[row, place]
        held = scores[row, atoms]
        gain = arrays.zeros(used.shape, like=scores) - math.inf
        gain[row, place] = held - threshold
        scores[row, atoms] = -math.inf
        newcomers, best = _largest_above(
            arrays, scores, threshold + rows.tolerance, max(_NEWCOMERS, used.shape[1])
        )
        scores[row, atoms] = held
        unsettled = (used & (xp.abs(gain) > rows.tolerance)).any(1) | (best > 0).any(1)
        finished.append(rows.take(~unsettled).entries(arrays))
        if not bool(unsettled.any()):
            break
        gain = xp.concatenate([gain, best - threshold], 1)
        go = xp.where(unsettled)[0]
        go = go[xp.argsort((gain[go] > -math.inf).sum(1))]
        before = rows.take(go)
        after = improve(problem, before, newcomers[go], gain[go], double=turn >= _DOUBLE_AFTER)
        proven = proven_optimal(problem, scores, go, before, after, threshold)
        finished.append(after.take(proven).entries(arrays))
        rows = after.take(~proven)
        if bool(proven.all()):
            break
    else:
        raise RuntimeError("the lasso's optimality check never passed; please report this")
    index, columns, values = (xp.concatenate(part) for part in zip(*finished, strict=True))
    shape = len(embeddings), len(problem.dictionary)
    return csr_from_entries(arrays, index, columns, values, shape)


def _largest_above(arrays: Arrays, scores: Array, limit: Array, count: int) -> tuple[Array, Array]:
    """Columns and values (n, k) of each row's largest scores above its limit, at most `count`.

    Args:
        arrays: The library to compute with.
        scores: (n, c).
        limit: (n, 1).
        count: Upper bound of k.

    Returns:
        Columns and values; places not meant have value -inf. k ≥ 1.
    """
    xp = arrays.xp
    n, c = scores.shape
    flat = xp.where((scores > limit).reshape(-1))[0]
    rows = flat // c
    counts = xp.bincount(rows, minlength=n)
    width = max(1, int(counts.max()))
    places = arrays.arange(len(flat)) - (xp.cumsum(counts, 0) - counts)[rows]
    columns = arrays.zeros((n, width), like=flat)
    values = arrays.zeros((n, width), like=scores) - math.inf
    columns[rows, places] = flat - rows * c
    values[rows, places] = scores.reshape(-1)[flat]
    if width > count:
        row, kept = arrays.arange(n)[:, None], arrays.largest(values, count)
        columns, values = columns[row, kept], values[row, kept]
    return columns, values
