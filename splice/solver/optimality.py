"""The quality of a solution: the objective of the lasso, and the violation of optimality."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from splicedex.splice.errors import UserError
from splicedex.splice.solver.penalties import Penalty, check_penalty
from splicedex.splice.solver.problem import Problem

Vector: TypeAlias = NDArray[np.float64]
_ROWS = 256


def objective(dictionary: Any, embeddings: Any, weights: csr_array, penalty: Penalty) -> Vector:
    """Compute the objective `||C^T w - z||² + Σ_k λ_k w_k` of the lasso.

    Args:
        dictionary: Atoms C (c, d).
        embeddings: Embeddings Z (n, d).
        weights: Weights (n, c), ≥ 0.
        penalty: Penalty λ > 0, or one per atom (c,).

    Returns:
        Objective (n,), computed in double precision.

    Raises:
        UserError: A λ is not above 0, shapes do not match, or a value is NaN or infinite.
    """
    values = [
        (residual**2).sum(1) + _penalised(part, penalties)
        for part, residual, _, penalties in _residuals(dictionary, embeddings, weights, penalty)
    ]
    return np.concatenate(values)


def kkt_residual(dictionary: Any, embeddings: Any, weights: csr_array, penalty: Penalty) -> Vector:
    """Compute by how much weights violate the conditions of Karush, Kuhn and Tucker (KKT).

    At the optimum of the lasso, the gradient `2C(C^T w - z) + λ` is zero where w > 0, and zero or
    more elsewhere; λ may differ by atom. The residual is the largest violation, or the size of the
    most negative weight if that is larger. It is 0 at the optimum only.

    Args:
        dictionary: Atoms C (c, d).
        embeddings: Embeddings Z (n, d).
        weights: Weights (n, c).
        penalty: Penalty λ > 0, or one per atom (c,).

    Returns:
        KKT residual (n,) ≥ 0, computed in double precision.

    Raises:
        UserError: A λ is not above 0, shapes do not match, or a value is NaN or infinite.
    """
    worst = []
    for part, residual, atoms, penalties in _residuals(dictionary, embeddings, weights, penalty):
        gradient = penalties - 2 * residual @ atoms.T
        violation = np.maximum(-gradient, 0)
        rows, columns = part.nonzero()
        violation[rows, columns] = np.abs(gradient[rows, columns])
        worst.append(np.maximum(violation.max(1), -part.min(axis=1).toarray().ravel()))
    return np.concatenate(worst)


def _residuals(
    dictionary: Any, embeddings: Any, weights: csr_array, penalty: Penalty
) -> Iterator[tuple[csr_array, Vector, Vector, float | Vector]]:
    """Yield blocks of weights (b, c), their residuals `z - C^T w` (b, d), atoms and penalties."""
    problem = Problem.of(dictionary, embeddings)
    n, c = problem.embeddings.shape[0], problem.dictionary.shape[0]
    penalties = check_penalty(penalty, c)
    if weights.shape != (n, c):
        raise UserError(
            f"the weights are of shape {weights.shape}, not {(n, c)}",
            "give one row per embedding and one column per atom",
        )
    atoms = problem.arrays.numpy(problem.dictionary).astype(np.float64)
    weights = weights.astype(np.float64)
    for start in range(0, n, _ROWS) or (0,):
        part = weights[start : start + _ROWS]
        block = problem.arrays.numpy(problem.rows(start, min(start + _ROWS, n)))
        yield part, block.astype(np.float64) - part @ atoms, atoms, penalties


def _penalised(weights: csr_array, penalties: float | Vector) -> Vector:
    """The penalty term (b,) of weights (b, c)."""
    term: Vector = (
        penalties * weights.sum(1) if isinstance(penalties, float) else weights @ penalties
    )
    return term
