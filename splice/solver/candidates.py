"""Atoms that images may have to take in, listed one by one."""

from __future__ import annotations

import math
from typing import NamedTuple

from splicedex.splice.solver.arrays import Array, Arrays
from splicedex.splice.solver.problem import Problem


class Candidates(NamedTuple):
    """e pairs of an image and an atom, image by image."""

    row: Array
    """Number of the image (e,)."""
    atom: Array
    """(e,)."""
    score: Array
    """Inner product of the atom with the image's residual (e,)."""

    @classmethod
    def above(cls, arrays: Arrays, scores: Array, limit: Array) -> Candidates:
        """All whose score (n, c) is above the image's limit (n, 1)."""
        flat = arrays.xp.where((scores > limit).reshape(-1))[0]
        row = flat // scores.shape[1]
        return cls(row, flat - row * scores.shape[1], scores.reshape(-1)[flat])

    def take(self, mask: Array) -> Candidates:
        """Those where the mask (e,) is true."""
        return Candidates(*(part[mask] for part in self))

    def scored(self, problem: Problem, residual: Array) -> Candidates:
        """The same with scores computed anew, one by one, from the images' residuals (n, d)."""
        arrays, xp = problem.arrays, problem.arrays.xp
        step = max(1, arrays.tile // (2 * residual.shape[1]))
        tiles = [
            xp.einsum(
                "ij,ij->i",
                arrays.rows(problem.dictionary, self.atom[start : start + step]),
                arrays.rows(residual, self.row[start : start + step]),
            )
            for start in range(0, max(1, len(self.atom)), step)
        ]
        return self._replace(score=xp.concatenate(tiles))

    def counts(self, arrays: Arrays, n: int) -> Array:
        """How many each of n images has (n,)."""
        return arrays.xp.bincount(self.row, minlength=n)

    def best(self, arrays: Arrays, n: int, most: int) -> tuple[Array, Array]:
        """The best scores' atoms of each of n images, at most so many.

        Returns:
            Atoms (n, k), and which of them are meant (n, k): the rest is padding. 1 ≤ k ≤ most.
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
