"""The exact non-negative lasso: a working-set method for blocks of embeddings."""

from __future__ import annotations

import math
from typing import Any

from scipy.sparse import csr_array

from splicedex.splice.solver.arrays import Array
from splicedex.splice.solver.blocks import csr_from_entries, solve_blocks
from splicedex.splice.solver.candidates import Candidates
from splicedex.splice.solver.penalties import Penalty, Thresholds
from splicedex.splice.solver.problem import Problem
from splicedex.splice.solver.screening import proven
from splicedex.splice.solver.sketch import Sketch
from splicedex.splice.solver.working_set import Block

_SKETCH_ATOMS = 32
"""Maximum number of atoms that enter a working set in a pass over the sketch."""
_SKETCH_PASSES = 2
"""Maximum number of passes over the sketch."""
_SKETCH_CANDIDATES = 200
"""Mean number of candidates per image above which a second pass over the sketch pays off."""
_NEW_ATOMS = 32
"""Maximum number of atoms that enter a working set in a pass, if fewer atoms than this are in use;
otherwise as many may enter as are in use."""
_MARGIN = 0.02
"""Atoms that fall short of λ_k/2 by this share enter too: many of them would in the next pass."""
_MAX_PASSES = 1000
"""Never reached in practice: each pass lowers the objective, and most images take one or two."""
_DOUBLE_FROM = 20
"""Pass from which the remaining images are taken to have nearly equal or opposite atoms: from then
on, Gram matrices are in double precision, and the tolerance allows for rounding large weights."""


def nonnegative_lasso(
    dictionary: Any, embeddings: Any, penalty: Penalty, *, threads: int | None = None
) -> csr_array:
    """Decompose embeddings over a dictionary with an l1 penalty, exactly (paper, section 4.3).

    For each embedding z it minimises `||C^T w - z||² + Σ_k λ_k w_k` over w ≥ 0. The paper has one λ
    for all atoms; a penalty per atom makes it cheaper to use some concepts than others.

    Each image has a working set: the atoms that it uses, and those with the highest correlation
    with its residual. The small problem over the working set is solved exactly. Then the residual
    is correlated with all atoms again, and atoms whose correlation exceeds λ_k/2 enter the working
    set, until there are none. This is the optimality check of Karush, Kuhn and Tucker (KKT); an
    image that passes it is done.

    The correlation with all atoms is most of the cost. Two shortcuts avoid part of it. The first
    working sets come from a sketch of the dictionary (`splice.solver.sketch`). And if a residual
    changed so little that few atoms can have crossed λ_k/2, only these are checked
    (`splice.solver.screening`).

    Args:
        dictionary: Atoms C (c, d), usually unit vectors; a NumPy array or torch tensor.
        embeddings: Embeddings Z (n, d); a NumPy array or torch tensor. A memory map is read block
            by block. Half precision is computed in single precision, double in double. Tensors on
            an accelerator are decomposed there.
        penalty: Penalty λ > 0, or one per atom (c,), as an array or tensor.
        threads: Blocks that NumPy solves at a time; by default as many as there are cores.

    Returns:
        Weights (n, c), with sorted indices and no explicit zeros. For unit vectors in single
        precision, the gradient `2C(C^T w - z) + λ` is zero on the support and nowhere negative, to
        within 1e-5. This tolerance grows with the length of the atoms and embeddings. For λ so
        small that large weights nearly cancel out, it is as small as single precision allows.

    Raises:
        UserError: A λ is not above 0, shapes do not match, the dictionary is empty, or a value is
            NaN or infinite.
    """
    problem = Problem.of(dictionary, embeddings)
    thresholds = Thresholds.of(problem, penalty)
    sketch = Sketch.if_worthwhile(problem)
    c, d = problem.dictionary.shape

    def solve(block: Array) -> csr_array:
        return _solve_block(problem, thresholds, sketch, block)

    return solve_blocks(problem, solve, c + 4 * d, threads)


def _solve_block(
    problem: Problem, thresholds: Thresholds, sketch: Sketch | None, embeddings: Array
) -> csr_array:
    """Weights (b, c) of a block of embeddings (b, d)."""
    arrays, xp = problem.arrays, problem.arrays.xp
    block = Block.starting(problem, thresholds, embeddings)
    live = arrays.arange(len(embeddings))
    if sketch is not None:
        _start_from_sketch(block, live, sketch)
    for step in range(_MAX_PASSES):
        if step >= _DOUBLE_FROM:
            block.allow_for_large_weights()
        residual = block.residual[live]
        scores = thresholds.extend_vectors(residual) @ thresholds.atoms.T
        limit = thresholds.below(_MARGIN) + block.tolerance[live]
        members = block.members(live)
        held, scores[members] = scores[members], -math.inf
        found = Candidates.above(arrays, scores, limit)
        scores[members] = held
        optimal = block.stationary[live]
        optimal[block.violating(live, found).row] = False
        go = xp.where(~optimal)[0]
        if len(go) > 0:
            most = max(_NEW_ATOMS, block.atoms.shape[1])
            new_atoms, mask = found.best(arrays, len(live), most)
            block.improve(
                live[go], new_atoms[go], mask[go], "double" if step >= _DOUBLE_FROM else "single"
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


def _start_from_sketch(block: Block, rows: Array, sketch: Sketch) -> None:
    """Start the working sets of images from approximate scores."""
    arrays, thresholds = block.problem.arrays, block.thresholds
    limit = thresholds.level + block.tolerance
    atoms = thresholds.extend_atoms(sketch.atoms)
    for _ in range(_SKETCH_PASSES):
        scores = thresholds.extend_vectors(block.residual @ sketch.projection) @ atoms.T
        scores[block.members(rows)] = -math.inf
        found = Candidates.above(arrays, scores, limit)
        block.improve(rows, *found.best(arrays, len(rows), _SKETCH_ATOMS), "rough")
        if len(found.row) <= _SKETCH_CANDIDATES * len(rows):
            break
