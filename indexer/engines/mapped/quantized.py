"""Embeddings as 8-bit integers, whose products with vectors have a proven bound on their error.

With the offset o and the step t of each dimension, an embedding z is o + t * q + r: q are the
integers and r what rounding leaves. So z·w = o·w + q·(t * w) + r·w, and |r·w| ≤ |r| |w| by Cauchy
and Schwarz. The length of r is stored for each embedding, so the bound holds for any embedding,
also one that the range of the integers does not cover.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import Matrix

LARGEST = 127
NARROWEST = 1e-6
"""Least step of a dimension, for unit vectors."""
ROOM = 1.2
"""How much wider the range of a dimension is than in the embeddings that it is chosen from."""


@dataclass(frozen=True, eq=False)
class Grid:
    """The values that the integers stand for.

    Args:
        offset: Value of the integer 0 in each dimension (d,).
        step: Difference of the values of two integers (d,), above 0.
    """

    offset: Matrix
    step: Matrix

    @classmethod
    def none(cls, dim: int) -> Self:
        """A grid for no embeddings."""
        return cls(np.zeros(dim, np.float32), np.ones(dim, np.float32))

    @classmethod
    def of(cls, embeddings: Matrix) -> Self:
        """Choose a grid by embeddings (n ≥ 1, d) that are like those to come."""
        low, high = embeddings.min(axis=0), embeddings.max(axis=0)
        step = np.maximum(ROOM * (high - low) / (2 * LARGEST), NARROWEST)
        return cls(((low + high) / 2).astype(np.float32), step.astype(np.float32))

    def quantize(self, embeddings: Matrix) -> tuple[NDArray[np.int8], Matrix]:
        """The integers (n, d) of embeddings (n, d), and the lengths (n,) of the rest."""
        scaled = np.rint((embeddings - self.offset) / self.step).clip(-LARGEST, LARGEST)
        rest = embeddings - (self.offset + self.step * scaled)
        return scaled.astype(np.int8), np.linalg.norm(rest, axis=1).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Quantized:
    """The integers of n embeddings.

    Args:
        grid: What they stand for.
        integers: The integers (n, d), mapped.
        rest: Lengths (n,) of what rounding left, mapped.
    """

    grid: Grid
    integers: NDArray[np.int8]
    rest: Matrix

    def products(self, vectors: Matrix, rows: NDArray[np.int64] | slice) -> Products:
        """Products of k vectors with the embeddings in some rows.

        A vector is rounded as well, to the sum of two integers on grids of different width.

        Args:
            vectors: The vectors (k, d).
            rows: The rows of the m embeddings.
        """
        import numkong

        scaled = vectors * self.grid.step
        coarse = np.abs(scaled).max(axis=1, keepdims=True) / LARGEST
        coarse = np.maximum(coarse, np.finfo(np.float32).tiny)
        fine = coarse / (2 * LARGEST)
        high = np.rint(scaled / coarse)
        low = np.rint((scaled - high * coarse) / fine)
        rounding = np.linalg.norm(scaled - high * coarse - low * fine, axis=1)
        packed = numkong.dots_pack(np.concatenate([high, low]).astype(np.int8), "int8")
        sums = np.asarray(numkong.dots_packed(self.integers[rows], packed)).T
        k = len(vectors)
        values = sums[:k].astype(np.float32, order="C")
        values *= coarse
        values += sums[k:] * fine
        values += (vectors @ self.grid.offset)[:, None]
        longest = LARGEST * math.sqrt(vectors.shape[1])
        return Products(
            values, self.rest[rows], np.linalg.norm(vectors, axis=1), longest * rounding
        )


@dataclass(frozen=True, eq=False)
class Products:
    """Products of k vectors with m embeddings.

    Args:
        values: The products (k, m).
        rest: Lengths (m,) of what rounding left of the embeddings.
        lengths: Lengths (k,) of the vectors.
        rounding: Errors (k,) by the rounding of the vectors.
    """

    values: Matrix
    rest: Matrix
    lengths: Matrix
    rounding: Matrix

    def take(self, rows: NDArray[np.int64]) -> Products:
        """The products with some of the embeddings."""
        return replace(self, values=self.values[:, rows], rest=self.rest[rows])

    def errors(self, vector: int) -> Matrix:
        """How far the products (m,) of a vector may be off."""
        errors: Matrix = self.rest * self.lengths[vector]
        errors += self.rounding[vector]
        return errors
