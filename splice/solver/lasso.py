"""The exact non-negative lasso by working sets, a block of embeddings at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from scipy.sparse import csr_array

from splice.solver.arrays import Array, Arrays
from splice.solver.blocks import csr_from_entries, solve_blocks
from splice.solver.nnqp import nnqp, pack, product
from splice.solver.problem import Problem, check_penalty

_NEWCOMERS = 48
"""Atoms a working set grows by, at least; it may double beyond that."""
_PASSES = 1000
"""Far beyond what is ever needed: each pass lowers the objective, most images take two or three."""
_STUBBORN = 20
"""Passes after which nearly equal or opposite atoms must be why an image is not done yet: then Gram
matrices are taken in double, and the tolerance allows for the rounding of large weights."""


def nonnegative_lasso(
    dictionary: Any, embeddings: Any, l1_penalty: float, *, threads: int | None = None
) -> csr_array:
    """Sparse non-negative weights of embeddings in a dictionary, exactly (paper, section 4).

    For every embedding z it minimises `||C^T w - z||² + l1_penalty·||w||₁` over w ≥ 0. Each image
    keeps a working set: the atoms it uses and those most correlated with its residual. The small
    problem over the working set is solved exactly, the residual correlated with all atoms anew, and
    whoever exceeds λ/2 comes in, until nobody does. An image leaves once this optimality check
    (KKT) has passed.

    Args:
        dictionary: Atoms C (c, d), usually unit vectors; NumPy array or torch tensor.
        embeddings: Z (n, d), likewise. A memory map is read block by block. Half precision is
            computed in single, double in double. Tensors on an accelerator are solved there.
        l1_penalty: λ > 0.
        threads: Blocks solved at a time by NumPy; None takes all cores.

    Returns:
        Weights (n, c), indices sorted, no explicit zeros. For unit vectors in single precision the
        gradient `2C(C^T w - z) + λ` is zero on the support and nowhere negative, to within 1e-5;
        the tolerance grows with the length of the atoms and embeddings, and for λ so small that
        large weights nearly cancel out it is what single precision allows.

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
    """Weights (b, c) of a block (b, d); an atom enters where its score exceeds λ/2, the threshold.

    Tables of atoms are padded: a place that is not meant has weight 0 and gain -inf.
    """
    arrays, xp = problem.arrays, problem.arrays.xp
    tolerance = problem.tolerance(embeddings)
    live = arrays.arange(len(embeddings))
    atoms = arrays.zeros((len(live), 1), like=live)
    weights = arrays.zeros((len(live), 1), like=embeddings)
    residual = embeddings
    finished = []
    for turn in range(_PASSES):
        scores = residual @ problem.dictionary.T
        if turn >= _STUBBORN:
            sums = problem.longest * weights.sum(1)[:, None]
            tolerance = xp.maximum(tolerance, problem.rounding(sums))
        used = weights > 0
        rows, places = xp.where(used)
        members = atoms[rows, places]
        gain = arrays.zeros(weights.shape, like=weights) - math.inf
        gain[rows, places] = scores[rows, members] - threshold
        scores[rows, members] = -math.inf
        newcomers, best = _largest_above(
            arrays, scores, threshold + tolerance, max(_NEWCOMERS, atoms.shape[1])
        )
        unsettled = (used & (xp.abs(gain) > tolerance)).any(1) | (best > 0).any(1)

        rows, places = xp.where(used & ~unsettled[:, None])
        finished.append((live[rows], atoms[rows, places], weights[rows, places]))
        if not bool(unsettled.any()):
            break
        gain = xp.concatenate([gain, best - threshold], 1)
        go = xp.where(unsettled)[0]
        go = go[xp.argsort((gain[go] > -math.inf).sum(1))]
        live, tolerance = live[go], tolerance[go]
        atoms, weights, residual = _improve(
            problem,
            embeddings[live],
            xp.concatenate([atoms, newcomers], 1)[go],
            xp.concatenate([weights, arrays.zeros(best.shape, like=weights)], 1)[go],
            gain[go],
            tolerance,
            double=turn >= _STUBBORN,
        )
    else:
        raise RuntimeError("the lasso's optimality check never passed; please report this")
    rows, columns, values = (xp.concatenate(part) for part in zip(*finished, strict=True))
    shape = len(embeddings), len(problem.dictionary)
    return csr_from_entries(arrays, rows, columns, values, shape)


def _improve(
    problem: Problem,
    embeddings: Array,
    atoms: Array,
    weights: Array,
    gain: Array,
    tolerance: Array,
    *,
    double: bool,
) -> tuple[Array, Array, Array]:
    """Solve the lasso over each image's working set, similar sizes together.

    Args:
        problem: For its dictionary.
        embeddings: (n, d).
        atoms: Working sets (n, k).
        weights: Of those atoms now (n, k).
        gain: Their score less the threshold (n, k), -inf where there is no atom.
        tolerance: Of the optimality check (n, 1).
        double: Take the Gram matrices in double precision.

    Returns:
        Atoms in use (n, m), their weights (n, m), and the residuals (n, d).
    """
    arrays, xp = problem.arrays, problem.arrays.xp
    row = arrays.arange(len(atoms))[:, None]
    table, used = pack(arrays, gain > -math.inf)
    atoms = atoms[row, table]
    gain = xp.where(used, gain[row, table], -math.inf)
    weights = xp.where(used, weights[row, table], 0)
    for rows in _slices(len(atoms), arrays.block // (4 * table.shape[1] ** 2)):
        part = rows, slice(int(used[rows].sum(1).max()))
        gram = _gram(problem, atoms[part], double=double)
        start = arrays.cast(weights[part], like=gram)
        linear = arrays.cast(gain[part], like=gram) + product(gram, start)
        solution = nnqp(arrays, gram, linear, start, tolerance[rows] / 2)
        weights[part] = arrays.cast(solution, like=weights)
    table, used = pack(arrays, weights > 0)
    atoms, weights = atoms[row, table], xp.where(used, weights[row, table], 0)
    residual = arrays.zeros(embeddings.shape, like=embeddings)
    for rows in _slices(len(atoms), _gathered(problem, atoms)):
        residual[rows] = embeddings[rows] - product(problem.dictionary[atoms[rows]], weights[rows])
    return atoms, weights, residual


def _gram(problem: Problem, atoms: Array, *, double: bool) -> Array:
    """Inner products (n, k, k) of each image's atoms (n, k).

    The diagonal is a trifle larger, so that equal atoms share their weight rather than make the
    problem singular. As it is solved for the change since the last pass, that leaves no error.
    """
    arrays, xp = problem.arrays, problem.arrays.xp
    grams = []
    for rows in _slices(len(atoms), _gathered(problem, atoms)):
        vectors = problem.dictionary[atoms[rows]]
        vectors = arrays.wide(vectors) if double else vectors
        grams.append(vectors @ vectors.swapaxes(1, 2))
    gram = xp.concatenate(grams)
    place = arrays.arange(atoms.shape[1])
    gram[:, place, place] *= 1 + 4 * arrays.precision
    return gram


def _gathered(problem: Problem, atoms: Array) -> int:
    """How many rows of atoms to gather from the dictionary at a time."""
    return problem.arrays.tile // int(atoms.shape[1] * problem.dictionary.shape[1])


def _slices(stop: int, step: int) -> Iterator[slice]:
    step = max(1, step)
    return (slice(start, start + step) for start in range(0, stop, step))


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
