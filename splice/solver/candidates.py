"""Candidates: atoms that may have to enter the working sets of images, as a list of pairs."""

from __future__ import annotations

import math
from typing import NamedTuple

from splicedex.splice.solver.arrays import Array, Arrays


class Candidates(NamedTuple):
    """A list of e pairs of an image and an atom, sorted by image."""

    row: Array
    """Row of the image (e,)."""
    atom: Array
    """Index of the atom (e,)."""
    score: Array
    """Score of the atom (e,): inner product with the image's residual (see `Thresholds`)."""

    @classmethod
    def above(cls, arrays: Arrays, scores: Array, limit: Array) -> Candidates:
        """All pairs whose score (n, c) is above the image's limit (n, 1)."""
        flat = arrays.xp.where((scores > limit).reshape(-1))[0]
        row = flat // scores.shape[1]
        return cls(row, flat - row * scores.shape[1], scores.reshape(-1)[flat])

    def take(self, mask: Array) -> Candidates:
        """The pairs for which the mask (e,) is true."""
        return Candidates(*(part[mask] for part in self))

    def scored(self, arrays: Arrays, atoms: Array, vectors: Array) -> Candidates:
        """The same pairs with scores of atoms (c, d) and vectors (n, d), pair by pair."""
        xp = arrays.xp
        step = max(1, arrays.tile // (2 * vectors.shape[1]))
        tiles = [
            xp.einsum(
                "ij,ij->i",
                arrays.rows(atoms, self.atom[start : start + step]),
                arrays.rows(vectors, self.row[start : start + step]),
            )
            for start in range(0, max(1, len(self.atom)), step)
        ]
        return self._replace(score=xp.concatenate(tiles))

    def counts(self, arrays: Arrays, n: int) -> Array:
        """Number of pairs (n,) of each of n images."""
        return arrays.xp.bincount(self.row, minlength=n)

    def best(self, arrays: Arrays, n: int, most: int) -> tuple[Array, Array]:
        """Select the atoms with the highest scores for each image.

        Args:
            arrays: The library of the pairs.
            n: Number of images.
            most: Maximum number of atoms per image.

        Returns:
            Atoms (n, k) with 1 ≤ k ≤ `most`, and a mask (n, k) that is false for padding.
        """
        xp, counts = arrays.xp, self.counts(arrays, n)
        width = max(1, int(counts.max()))
        place = arrays.arange(len(self.row)) - (xp.cumsum(counts, 0) - counts)[self.row]
        atoms = arrays.zeros((n, width), like=self.atom)
        scores = arrays.zeros((n, width), like=self.score) - math.inf
        atoms[self.row, place], scores[self.row, place] = self.atom, self.score
        if width > most:
            row, kept = arrays.arange(n)[:, None], arrays.largest(scores, most)
            atoms, scores = atoms[row, kept], scores[row, kept]
        return atoms, scores > -math.inf
