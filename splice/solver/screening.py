"""Proof of optimality without another product with the whole dictionary."""

from __future__ import annotations

import math

from splice.solver.arrays import Array
from splice.solver.problem import Problem
from splice.solver.working_set import Rows

_SUSPECTS = 256
"""Atoms to check one by one, at most; beyond that a product with all of them is cheaper."""


def proven_optimal(
    problem: Problem, scores: Array, go: Array, before: Rows, after: Rows, threshold: float
) -> Array:
    """Which images surely pass the optimality check, though most atoms are not looked at.

    When a residual moves by δ, no score moves by more than `||c||·||δ||` (Cauchy & Schwarz). So only
    atoms within that of the threshold can have crossed it. Once an image has its main atoms its
    residual moves little, and those are a few dozen; they are checked one by one.

    Args:
        problem: For its dictionary.
        scores: Products of all atoms with the residuals before (b, c).
        go: Row of `scores` of each image (n,).
        before: Images as they were (n).
        after: The same now.
        threshold: λ/2.

    Returns:
        Mask (n,).
    """
    arrays, xp = problem.arrays, problem.arrays.xp
    moved = after.residual - before.residual
    reach = problem.longest * xp.einsum("ij,ij->i", moved, moved) ** 0.5
    limit = arrays.zeros((len(scores), 1), like=scores) + math.inf
    limit[go, 0] = threshold - reach
    near = scores > limit
    few = near.sum(1) <= _SUSPECTS
    near &= few[:, None]
    few = few[go]

    flat = xp.where(near.reshape(-1))[0]
    place = arrays.zeros((len(scores),), like=go)
    place[go] = arrays.arange(len(go))
    row = place[flat // scores.shape[1]]
    gain = _scores(problem, flat % scores.shape[1], row, after.residual) - threshold
    wrong = arrays.zeros(few.shape, like=few)
    wrong[row[gain > after.tolerance[row, 0]]] = True

    row, place = xp.where((after.weights > 0) & few[:, None])
    gain = _scores(problem, after.atoms[row, place], row, after.residual) - threshold
    wrong[row[xp.abs(gain) > after.tolerance[row, 0]]] = True
    return few & ~wrong


def _scores(problem: Problem, atoms: Array, rows: Array, residual: Array) -> Array:
    """Products (e,) of single atoms with single residuals, a tile of them at a time."""
    xp, step = problem.arrays.xp, max(1, problem.arrays.tile // residual.shape[1])
    tiles = [
        xp.einsum(
            "ij,ij->i",
            problem.dictionary[atoms[start : start + step]],
            residual[rows[start : start + step]],
        )
        for start in range(0, max(1, len(atoms)), step)
    ]
    return xp.concatenate(tiles)
