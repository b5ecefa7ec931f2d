"""The exact non-negative lasso by working sets, a block of embeddings at a time."""

from __future__ import annotations

import math
from typing import Any

from scipy.sparse import csr_array

from splicedex.splice.solver.arrays import Array
from splicedex.splice.solver.blocks import csr_from_entries, solve_blocks
from splicedex.splice.solver.candidates import Candidates
from splicedex.splice.solver.problem import Problem, check_penalty
from splicedex.splice.solver.screening import proven
from splicedex.splice.solver.sketch import Sketch
from splicedex.splice.solver.working_set import Block

_FIRST = 32
"""Atoms that working sets take in at a look at the sketch."""
_LOOKS = 2
"""How often to look, at most."""
_CROWD = 200
"""Candidates an image, on average, that make another look worth it."""
_NEWCOMERS = 32
"""Atoms a working set grows by, at most; or by as many as are in use."""
_MARGIN = 0.02
"""Atoms short of λ/2 by no more than this share come along: many would be called for next."""
_PASSES = 1000
"""Far beyond what is ever needed: each pass lowers the objective, most images take one or two."""
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

    Correlating with all atoms is most of the cost, so two things spare it: the first working sets
    come from a sketch of the dictionary, and where the residual moved so little that few atoms can
    have crossed λ/2, only these are checked.

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
    sketch = Sketch.if_worthwhile(problem)
    c, d = problem.dictionary.shape

    def solve(block: Array) -> csr_array:
        return _solve_block(problem, sketch, block, l1_penalty / 2)

    return solve_blocks(problem, solve, c + 4 * d, threads)


def _solve_block(
    problem: Problem, sketch: Sketch | None, embeddings: Array, threshold: float
) -> csr_array:
    """Weights (b, c) of a block (b, d); atoms enter where their score exceeds the threshold λ/2."""
    arrays, xp = problem.arrays, problem.arrays.xp
    block = Block.starting(problem, embeddings, threshold)
    live = arrays.arange(len(embeddings))
    if sketch is not None:
        _guess(block, live, sketch)
    for turn in range(_PASSES):
        if turn >= _STUBBORN:
            block.allow_for_large_weights()
        residual = block.residual[live]
        scores = residual @ problem.dictionary.T
        limit = (1 - _MARGIN) * threshold + block.tolerance[live]
        members = block.members(live)
        held, scores[members] = scores[members], -math.inf
        found = Candidates.above(arrays, scores, limit)
        scores[members] = held
        optimal = block.stationary[live]
        optimal[block.violating(live, found).row] = False
        go = xp.where(~optimal)[0]
        if len(go) > 0:
            most = max(_NEWCOMERS, block.atoms.shape[1])
            newcomers, meant = found.best(arrays, len(live), most)
            block.improve(
                live[go], newcomers[go], meant[go], "double" if turn >= _STUBBORN else "single"
            )
            optimal = optimal | proven(problem, block, live, scores, residual)
        live = live[~optimal]
        if len(live) == 0:
            break
    else:
        raise RuntimeError("the lasso's optimality check never passed; please report this")
    row, place = xp.where(block.weights > 0)
    return csr_from_entries(
        arrays,
        row,
        block.atoms[row, place],
        block.weights[row, place],
        (len(embeddings), len(problem.dictionary)),
    )


def _guess(block: Block, rows: Array, sketch: Sketch) -> None:
    """Find the main atoms of images by rough scores."""
    arrays = block.problem.arrays
    limit = block.threshold + block.tolerance
    for _ in range(_LOOKS):
        scores = sketch.scores(block.residual)
        scores[block.members(rows)] = -math.inf
        found = Candidates.above(arrays, scores, limit)
        block.improve(rows, *found.best(arrays, len(rows), _FIRST), "rough")
        if len(found.row) <= _CROWD * len(rows):
            break
