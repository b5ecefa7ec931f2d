"""What every solver is given, checked once: a dictionary, and embeddings read block by block."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from splicedex.splice.errors import UserError
from splicedex.splice.solver.arrays import Array, Arrays, arrays_for


@dataclass(frozen=True)
class Problem:
    """A dictionary and the embeddings to write in it.

    Attributes:
        arrays: The library, device and precision all is computed in.
        dictionary: Atoms (c, d), in that precision.
        embeddings: (n, d), as given: a memory map larger than memory will do.
        longest: Length of the longest atom.
    """

    arrays: Arrays
    dictionary: Array
    embeddings: Array
    longest: float

    @classmethod
    def of(cls, dictionary: Any, embeddings: Any) -> Problem:
        """Check a dictionary (c, d) against embeddings (n, d).

        Raises:
            UserError: Not two matrices of numbers of equal width, an empty dictionary, or one with
                NaN or infinity in it.
        """
        _check_matrix("dictionary", dictionary)
        _check_matrix("embeddings", embeddings)
        if 0 in dictionary.shape:
            raise UserError("the dictionary has no atoms", "give one concept or more")
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
                "the dictionary holds NaN or infinity", "embed those concepts again or drop them"
            )
        return cls(arrays, atoms, embeddings, longest)

    def rows(self, start: int, stop: int, step: int = 1) -> Array:
        """Embeddings (n, d) from `start` to `stop`, each or every so many, in working precision.

        Raises:
            UserError: NaN or infinity among them.
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
        """How far (n, 1) scores may miss a threshold: some rounding errors of an inner product."""
        return self.rounding(_lengths(self.arrays, embeddings)[:, None])

    def rounding(self, lengths: Array) -> Array:
        """Some rounding errors of an atom's inner products with vectors of given lengths (n, 1)."""
        return 4 * self.arrays.precision * self.longest * lengths


def check_penalty(l1_penalty: float) -> None:
    """Refuse a λ that is not a positive number.

    Raises:
        UserError: As said.
    """
    if not (math.isfinite(l1_penalty) and l1_penalty > 0):
        raise UserError(f"the l1 penalty is {l1_penalty}, it must be above 0", "try 0.15 to 0.35")


def _check_matrix(name: str, matrix: Any) -> None:
    if getattr(matrix, "ndim", None) != 2:
        shape = tuple(getattr(matrix, "shape", ()))
        raise UserError(
            f"the {name} must be a matrix with one vector a row, not of shape {shape}",
            "give a two-dimensional array; a single vector as `vector[None]`",
        )
    if not any(kind in str(matrix.dtype) for kind in ("float", "int")):
        raise UserError(f"the type of the {name} is {matrix.dtype}", "give floating-point numbers")


def _lengths(arrays: Arrays, vectors: Array) -> Array:
    return arrays.xp.einsum("ij,ij->i", vectors, vectors) ** 0.5
