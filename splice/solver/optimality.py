"""The quality of a solution: the objective of the lasso, and the violation of optimality."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from splicedex.splice.errors import UserError
from splicedex.splice.solver.problem import Problem, check_penalty

Vector: TypeAlias = NDArray[np.float64]
_ROWS = 256


def objective(dictionary: Any, embeddings: Any, weights: csr_array, l1_penalty: float) -> Vector:
    """Compute the objective `||C^T w - z||² + λ·||w||₁` of the lasso.

    Args:
        dictionary: Atoms C (c, d).
        embeddings: Embeddings Z (n, d).
        weights: Weights (n, c), ≥ 0.
        l1_penalty: Penalty λ > 0.

    Returns:
        Objective (n,), computed in double precision.

    Raises:
        UserError: λ is not above 0, shapes do not match, or a value is NaN or infinite.
    """
    values = [
        (residual**2).sum(1) + l1_penalty * part.sum(1)
        for part, residual, _ in _residuals(dictionary, embeddings, weights, l1_penalty)
    ]
    return np.concatenate(values)


def kkt_residual(dictionary: Any, embeddings: Any, weights: csr_array, l1_penalty: float) -> Vector:
    """Compute by how much weights violate the conditions of Karush, Kuhn and Tucker (KKT).

    At the optimum of the lasso, the gradient `2C(C^T w - z) + λ` is zero where w > 0, and zero or
    more elsewhere. The residual is the largest violation, or the size of the most negative weight
    if that is larger. It is 0 at the optimum only.

    Args:
        dictionary: Atoms C (c, d).
        embeddings: Embeddings Z (n, d).
        weights: Weights (n, c).
        l1_penalty: Penalty λ > 0.

    Returns:
        KKT residual (n,) ≥ 0, computed in double precision.

    Raises:
        UserError: λ is not above 0, shapes do not match, or a value is NaN or infinite.
    """
    worst = []
    for part, residual, atoms in _residuals(dictionary, embeddings, weights, l1_penalty):
        gradient = l1_penalty - 2 * residual @ atoms.T
        violation = np.maximum(-gradient, 0)
        rows, columns = part.nonzero()
        violation[rows, columns] = np.abs(gradient[rows, columns])
        worst.append(np.maximum(violation.max(1), -part.min(axis=1).toarray().ravel()))
    return np.concatenate(worst)


def _residuals(
    dictionary: Any, embeddings: Any, weights: csr_array, l1_penalty: float
) -> Iterator[tuple[csr_array, Vector, Vector]]:
    """Yield blocks of weights (b, c), their residuals `z - C^T w` (b, d), and the atoms (c, d)."""
    check_penalty(l1_penalty)
    problem = Problem.of(dictionary, embeddings)
    n, c = problem.embeddings.shape[0], problem.dictionary.shape[0]
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
        yield part, block.astype(np.float64) - part @ atoms, atoms
