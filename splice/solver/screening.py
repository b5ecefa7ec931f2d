"""Proof of optimality without another product with the whole dictionary."""

from __future__ import annotations

import math

from splicedex.splice.solver.arrays import Array
from splicedex.splice.solver.candidates import Candidates
from splicedex.splice.solver.problem import Problem
from splicedex.splice.solver.working_set import Block

_REACH = 0.5
"""Share of λ/2 beyond which too many atoms would have to be checked."""
_SUSPECTS = 320
"""And how many are too many: a product with all of them is cheaper."""


def proven(problem: Problem, block: Block, rows: Array, scores: Array, before: Array) -> Array:
    """Which images surely use all atoms they need, though most atoms are not looked at.

    When a residual moves by δ, no score moves by more than `‖c‖·‖δ‖` (Cauchy & Schwarz): the sphere
    test of safe screening (El Ghaoui et al. 2012; Fercoq, Gramfort & Salmon 2015) with the residual
    itself for a centre. Only atoms so near the threshold can have crossed it. Once an image has its
    main atoms its residual moves little, and those are a few dozen; they are checked one by one.

    Args:
        problem: For its dictionary.
        block: The images as they are now.
        rows: Those in question, by their numbers in the block (n,).
        scores: Products (n, c) of all atoms with the residuals they had before; spoilt.
        before: Those residuals (n, d).

    Returns:
        Mask (n,). False means that it takes all scores to tell.
    """
    arrays, xp, threshold = problem.arrays, problem.arrays.xp, block.threshold
    residual = block.residual[rows]
    moved = residual - before
    reach = problem.longest * xp.einsum("ij,ij->i", moved, moved) ** 0.5
    near = block.stationary[rows] & (reach <= _REACH * threshold)
    scores[block.members(rows)] = -math.inf
    limit = xp.where(near, threshold - reach, math.inf)[:, None]
    suspects = Candidates.above(arrays, scores, limit)
    near = near & (suspects.counts(arrays, len(rows)) <= _SUSPECTS)
    suspects = suspects.take(near[suspects.row]).scored(problem, residual)
    near[block.violating(rows, suspects).row] = False
    return near
