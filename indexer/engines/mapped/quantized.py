"""Embeddings as 8-bit integers, whose products with vectors have a proven bound on their error.

With the offset o and the step t of each dimension, an embedding z is o + t * q + r: q are the
integers and r what rounding leaves. So z·w = o·w + q·(t * w) + r·w, and |r·w| ≤ |r| |w| by Cauchy
and Schwarz. The length of r is stored for each embedding, so the bound holds for any embedding,
also one that the range of the integers does not cover.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import Matrix

LARGEST = 127
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
        step = np.maximum(ROOM * (high - low) / (2 * LARGEST), np.finfo(np.float32).tiny)
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

    def products(self, vectors: Matrix, rows: NDArray[np.int64] | slice) -> tuple[Matrix, Matrix]:
        """Products of embeddings with vectors, and how far they may be off.

        Args:
            vectors: The vectors (k, d).
            rows: The rows of the m embeddings.

        Returns:
            Products (m, k), and bounds (m, k) of their errors.
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
        sums = np.asarray(numkong.dots_packed(self.integers[rows], packed))
        k = len(vectors)
        products = sums[:, :k].astype(np.float32) * coarse[:, 0]
        products += sums[:, k:].astype(np.float32) * fine[:, 0]
        products += vectors @ self.grid.offset
        longest = LARGEST * np.sqrt(vectors.shape[1], dtype=np.float32)
        errors = self.rest[rows][:, None] * np.linalg.norm(vectors, axis=1) + longest * rounding
        return products, errors
