"""Safe screening: proving optimality without a product with the whole dictionary."""

from __future__ import annotations

import math

from splicedex.splice.solver.arrays import Array
from splicedex.splice.solver.candidates import Candidates
from splicedex.splice.solver.problem import Problem
from splicedex.splice.solver.working_set import Block

_MAX_CHANGE = 0.5
"""Change of the scores, as a share of λ/2, above which too many atoms would have to be checked."""
_MAX_CHECKED = 320
"""Number of atoms per image above which a product with the whole dictionary is cheaper."""


def proven(problem: Problem, block: Block, rows: Array, scores: Array, before: Array) -> Array:
    """Find images that are proven optimal by checking a few atoms only.

    When a residual changes by δ, no score changes by more than `‖c‖·‖δ‖` (Cauchy & Schwarz). This
    is the sphere test of safe screening (El Ghaoui et al. 2012; Fercoq, Gramfort & Salmon 2015),
    centred at the residual. Only atoms that were this close to the threshold can have crossed it.
    Once an image has its main atoms, its residual changes little, and these are a few dozen atoms.
    Their scores are computed one by one.

    Args:
        problem: The dictionary (c, d) and the library to compute with.
        block: The images in their present state.
        rows: Rows (n,) in the block of the images to test.
        scores: Scores (n, c) of all atoms with the previous residuals; they are overwritten.
        before: The previous residuals (n, d).

    Returns:
        Mask (n,): true for images that are optimal, false for those that need all scores.
    """
    arrays, xp, thresholds = problem.arrays, problem.arrays.xp, block.thresholds
    residual = block.residual[rows]
    change = residual - before
    bound = problem.longest * xp.einsum("ij,ij->i", change, change) ** 0.5
    near = block.stationary[rows] & (bound <= _MAX_CHANGE * thresholds.low)
    scores[block.members(rows)] = -math.inf
    limit = xp.where(near, thresholds.level - bound, math.inf)[:, None]
    candidates = Candidates.above(arrays, scores, limit)
    near = near & (candidates.counts(arrays, len(rows)) <= _MAX_CHECKED)
    vectors = thresholds.extend_vectors(residual)
    candidates = candidates.take(near[candidates.row]).scored(arrays, thresholds.atoms, vectors)
    near[block.violating(rows, candidates).row] = False
    return near
