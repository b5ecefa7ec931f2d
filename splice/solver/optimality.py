"""How good weights are: the lasso's objective, and how far they are from optimal."""

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
    """Objective (n,) of the lasso, `||C^T w - z||² + l1_penalty·||w||₁`, in double precision.

    Args:
        dictionary: C (c, d).
        embeddings: Z (n, d).
        weights: (n, c), ≥ 0.
        l1_penalty: λ > 0.

    Raises:
        UserError: λ ≤ 0, shapes that do not match, NaN or infinity.
    """
    values = [
        (residual**2).sum(1) + l1_penalty * part.sum(1)
        for part, residual, _ in _residuals(dictionary, embeddings, weights, l1_penalty)
    ]
    return np.concatenate(values)


def kkt_residual(dictionary: Any, embeddings: Any, weights: csr_array, l1_penalty: float) -> Vector:
    """How far weights are from the lasso's optimum (n,): 0 exactly there.

    By Karush, Kuhn and Tucker the gradient `2C(C^T w - z) + λ` of the optimum is zero where w > 0
    and not negative elsewhere; this is the largest violation, or the most negative weight if that
    is worse. Double precision.

    Args:
        dictionary: C (c, d).
        embeddings: Z (n, d).
        weights: (n, c).
        l1_penalty: λ > 0.

    Raises:
        UserError: λ ≤ 0, shapes that do not match, NaN or infinity.
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
    """Blocks of weights and residuals `z - C^T w` (b, d), and the atoms, in double precision."""
    check_penalty(l1_penalty)
    problem = Problem.of(dictionary, embeddings)
    n, c = problem.embeddings.shape[0], problem.dictionary.shape[0]
    if weights.shape != (n, c):
        raise UserError(
            f"the weights are of shape {weights.shape}, not {(n, c)}",
            "give one row an embedding and one column an atom",
        )
    atoms = problem.arrays.numpy(problem.dictionary).astype(np.float64)
    weights = weights.astype(np.float64)
    for start in range(0, n, _ROWS) or (0,):
        part = weights[start : start + _ROWS]
        block = problem.arrays.numpy(problem.rows(start, min(start + _ROWS, n)))
        yield part, block.astype(np.float64) - part @ atoms, atoms
