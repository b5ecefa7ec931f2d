"""Rough scores of all atoms at a quarter of the cost, to know where to look first."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.splice.solver.arrays import Array
from splicedex.splice.solver.problem import Problem

_SHARE = 4
"""How many times fewer dimensions it has."""
_SAMPLE = 1024
"""Images and atoms it is made from."""


@dataclass(frozen=True)
class Sketch:
    """Atoms and embeddings in r dimensions where their inner products are nearly the same.

    Attributes:
        atoms: (c, r).
        projection: (d, r), for embeddings.
    """

    atoms: Array
    projection: Array

    @classmethod
    def of(cls, problem: Problem) -> Sketch:
        """Find the dimensions in which scores vary most.

        Principal components would not do: images vary most where no two concepts differ. What
        counts is the matrix of scores, images times atoms, and its leading singular vectors come
        from one step of subspace iteration (Halko, Martinsson & Tropp 2011, section 4.5) on a
        sample. With K the second moment of the atoms, the r axes A then stand for an embedding x
        by the coefficients y that leave its scores least changed, `(x - Ay)ᵀ K (x - Ay)`:

            y = (Aᵀ K A)⁻¹ Aᵀ K x
        """
        arrays, xp = problem.arrays, problem.arrays.xp
        (n, d), c = problem.embeddings.shape, len(problem.dictionary)
        images = problem.rows(0, n, max(1, n // _SAMPLE))[:_SAMPLE]
        atoms = problem.dictionary[:: max(1, c // _SAMPLE)][:_SAMPLE]
        axes = images[: max(1, d // _SHARE)].T
        axes, _ = xp.linalg.qr(images.T @ (images @ (atoms.T @ (atoms @ axes))))
        seen = arrays.wide(atoms @ axes)
        moment = seen.T @ seen
        place = arrays.arange(len(moment))
        moment[place, place] += 1e-6 * moment[place, place].mean() + 1e-30
        projection = xp.linalg.solve(moment, seen.T @ arrays.wide(atoms)).T
        return cls(problem.dictionary @ axes, arrays.cast(projection, like=axes))

    @classmethod
    def if_worthwhile(cls, problem: Problem) -> Sketch | None:
        """The sketch where it saves more than it takes: many images and many atoms."""
        (n, d), c = problem.embeddings.shape, len(problem.dictionary)
        if n < 2 * d or c < 8 * d:
            return None
        with problem.arrays.exact():
            return cls.of(problem)

    def scores(self, vectors: Array) -> Array:
        """Inner products (n, c) of vectors (n, d) with all atoms, roughly."""
        return (vectors @ self.projection) @ self.atoms.T
