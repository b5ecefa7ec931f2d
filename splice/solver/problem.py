"""The input of every solver, validated: a dictionary, and embeddings that are read in blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from splicedex.splice.errors import UserError
from splicedex.splice.solver.arrays import Array, Arrays, arrays_for


@dataclass(frozen=True)
class Problem:
    """A dictionary and the embeddings to decompose.

    Attributes:
        arrays: The library, device and precision to compute with.
        dictionary: Atoms (c, d), in the working precision.
        embeddings: Embeddings (n, d) as given; a memory map may be larger than main memory.
        longest: Length of the longest atom.
    """

    arrays: Arrays
    dictionary: Array
    embeddings: Array
    longest: float

    @classmethod
    def of(cls, dictionary: Any, embeddings: Any) -> Problem:
        """Validate a dictionary and embeddings.

        Args:
            dictionary: Atoms (c, d); a NumPy array or torch tensor.
            embeddings: Embeddings (n, d); a NumPy array or torch tensor.

        Raises:
            UserError: One is not a matrix of numbers, their dimensions d differ, or the dictionary
                is empty or contains NaN or infinity.
        """
        _check_matrix("dictionary", dictionary)
        _check_matrix("embeddings", embeddings)
        if 0 in dictionary.shape:
            raise UserError("the dictionary has no atoms", "give at least one concept")
        if dictionary.shape[1] != embeddings.shape[1]:
            raise UserError(
                f"the embeddings have {embeddings.shape[1]} dimensions, "
                f"the dictionary {dictionary.shape[1]}",
                "embed images and concepts with the same model",
            )
        arrays = arrays_for(dictionary, embeddings)
        atoms = arrays.floats(dictionary)
        longest = float(_lengths(arrays, atoms).max())
        if not math.isfinite(longest):
            raise UserError(
                "the dictionary holds NaN or infinity", "embed these concepts again or drop them"
            )
        return cls(arrays, atoms, embeddings, longest)

    def rows(self, start: int, stop: int, step: int = 1) -> Array:
        """Read embeddings.

        Args:
            start: First row.
            stop: Row after the last one.
            step: Distance of the rows to read.

        Returns:
            Embeddings (m, d) in the working precision.

        Raises:
            UserError: An embedding contains NaN or infinity.
        """
        block = self.arrays.floats(self.embeddings[start:stop:step])
        finite = self.arrays.xp.isfinite(_lengths(self.arrays, block))
        if not bool(finite.all()):
            row = start + step * int(self.arrays.xp.where(~finite)[0][0])
            raise UserError(
                f"row {row} of the embeddings holds NaN or infinity",
                "embed that image again or drop it",
            )
        return block

    def tolerance(self, embeddings: Array) -> Array:
        """How far (n, 1) scores of embeddings (n, d) may miss a threshold, because of rounding."""
        return self.rounding(_lengths(self.arrays, embeddings)[:, None])

    def rounding(self, lengths: Array) -> Array:
        """Error (n, 1) of the inner products of atoms with vectors of given lengths (n, 1)."""
        return 4 * self.arrays.precision * self.longest * lengths


def _check_matrix(name: str, matrix: Any) -> None:
    if getattr(matrix, "ndim", None) != 2:
        shape = tuple(getattr(matrix, "shape", ()))
        raise UserError(
            f"the {name} must be a matrix with one vector per row, not of shape {shape}",
            "give a two-dimensional array; for one vector, `vector[None]`",
        )
    if not any(kind in str(matrix.dtype) for kind in ("float", "int")):
        raise UserError(f"the type of the {name} is {matrix.dtype}", "give floating-point numbers")


def _lengths(arrays: Arrays, vectors: Array) -> Array:
    return arrays.xp.einsum("ij,ij->i", vectors, vectors) ** 0.5
