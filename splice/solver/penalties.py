"""Penalties of the lasso: one λ for all atoms, or one per atom."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.errors import UserError
from splicedex.splice.solver.arrays import Array, Arrays
from splicedex.splice.solver.problem import Problem

Penalty: TypeAlias = Any
"""λ > 0 as a number, or one λ_k > 0 per atom as an array or tensor (c,)."""


@dataclass(frozen=True)
class Thresholds:
    """The highest score λ_k/2 that each atom may have at the optimum.

    The score of an atom is its inner product with the residual. To compare the scores of all atoms
    with one number, thresholds that differ are subtracted as part of the product: atoms get an
    additional component λ_k/2, and residuals one of -1. So with a penalty per atom, the search for
    atoms that must enter a working set costs as much as with one penalty.

    Attributes:
        arrays: The library to compute with.
        level: The number to compare scores with: λ/2 for one penalty, 0 for a penalty per atom.
        low: A threshold that is not above those of 90% of the atoms: the scale of heuristics.
        values: Thresholds λ_k/2 (c,) of a penalty per atom, or None for one penalty.
        atoms: The dictionary's atoms with the additional component (c, d + 1), or (c, d).
    """

    arrays: Arrays
    level: float
    low: float
    values: Array | None
    atoms: Array

    @classmethod
    def of(cls, problem: Problem, penalty: Penalty) -> Thresholds:
        """Compute the thresholds of a dictionary's atoms.

        Args:
            problem: The dictionary (c, d).
            penalty: λ > 0, or one per atom (c,).

        Raises:
            UserError: A penalty is not a positive number, or there is not one per atom.
        """
        arrays, atoms = problem.arrays, problem.dictionary
        checked = check_penalty(penalty, len(atoms))
        if isinstance(checked, float):
            return cls(arrays, checked / 2, checked / 2, None, atoms)
        low, values = float(np.quantile(checked, 0.1)) / 2, arrays.floats(checked / 2)
        return cls(arrays, 0.0, low, values, _extended(arrays, atoms, values))

    def of_atoms(self, atoms: Array) -> Array:
        """Thresholds λ_k/2 of atoms by their indices (...); a number for one penalty."""
        return self.level if self.values is None else self.values[atoms]

    def below(self, share: float) -> float:
        """The limit for scores that fall short of their threshold by a share of `low`."""
        return self.level - self.low + (1 - share) * self.low

    def extend_atoms(self, atoms: Array) -> Array:
        """Add the component λ_k/2 to projected atoms (c, r), if there is a penalty per atom."""
        return atoms if self.values is None else _extended(self.arrays, atoms, self.values)

    def extend_vectors(self, vectors: Array) -> Array:
        """Add the component -1 to vectors (n, r), if there is a penalty per atom."""
        if self.values is None:
            return vectors
        return self.arrays.xp.concatenate([vectors, 0 * vectors[:, :1] - 1], 1)


def check_penalty(penalty: Penalty, count: int) -> float | NDArray[np.float64]:
    """Check that penalties are positive numbers, and that there is one or one per atom.

    Args:
        penalty: λ, or one per atom (c,).
        count: Number of atoms c.

    Returns:
        λ as a number, or the penalties (c,) in double precision.

    Raises:
        UserError: A penalty is not a positive number, or there is not one per atom.
    """
    if getattr(penalty, "ndim", 0) == 0:
        if not (math.isfinite(penalty) and penalty > 0):
            raise UserError(f"the l1 penalty is {penalty}, it must be above 0", "try 0.15 to 0.35")
        return float(penalty)
    if hasattr(penalty, "detach"):
        penalty = penalty.detach().cpu().double().numpy()
    values: NDArray[np.float64] = np.asarray(penalty, np.float64)
    if values.shape != (count,):
        raise UserError(
            f"the penalties are of shape {values.shape}, not {(count,)}", "give one per atom"
        )
    wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if len(wrong) > 0:
        raise UserError(
            f"the penalty of atom {wrong[0]} is {values[wrong[0]]}, it must be above 0",
            "give positive numbers",
        )
    return values


def _extended(arrays: Arrays, atoms: Array, values: Array) -> Array:
    """Atoms (c, r) with values (c,) as an additional component (c, r + 1)."""
    return arrays.xp.concatenate([atoms, values[:, None]], 1)
