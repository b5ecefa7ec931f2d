"""A sketch of the dictionary: approximate scores of all atoms at a quarter of the cost."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.splice.solver.arrays import Array
from splicedex.splice.solver.problem import Problem

_SHARE = 4
"""Factor by which a sketch reduces the dimension."""
_SAMPLE = 1024
"""Number of images and of atoms that a sketch is computed from."""


@dataclass(frozen=True)
class Sketch:
    """A projection of atoms and embeddings to r dimensions that nearly keeps inner products.

    The inner product of `x @ projection` with `atoms[k]` is nearly that of x with atom k.

    Attributes:
        atoms: Projected atoms (c, r).
        projection: Projection (d, r) of embeddings.
    """

    atoms: Array
    projection: Array

    @classmethod
    def of(cls, problem: Problem) -> Sketch:
        """Find the dimensions in which scores vary most.

        Principal components of the images are not suitable: images vary most in directions in which
        concepts do not differ. The relevant matrix is that of the scores, images times atoms. Its
        leading singular vectors, the axes A (d, r), come from one step of subspace iteration on a
        sample (Halko, Martinsson & Tropp 2011, section 4.5). An embedding x is projected to the
        coefficients y that change its scores least, which means the least `(x - Ay)ᵀ K (x - Ay)`
        with K the second moment (d, d) of the atoms:

            y = (Aᵀ K A)⁻¹ Aᵀ K x
        """
        arrays, xp = problem.arrays, problem.arrays.xp
        (n, d), c = problem.embeddings.shape, len(problem.dictionary)
        images = problem.rows(0, n, max(1, n // _SAMPLE))[:_SAMPLE]
        atoms = problem.dictionary[:: max(1, c // _SAMPLE)][:_SAMPLE]
        axes = images[: max(1, d // _SHARE)].T
        axes, _ = xp.linalg.qr(images.T @ (images @ (atoms.T @ (atoms @ axes))))
        projected = arrays.wide(atoms @ axes)
        moment = projected.T @ projected
        i = arrays.arange(len(moment))
        moment[i, i] += 1e-6 * moment[i, i].mean() + 1e-30
        projection = xp.linalg.solve(moment, projected.T @ arrays.wide(atoms)).T
        return cls(problem.dictionary @ axes, arrays.cast(projection, like=axes))

    @classmethod
    def if_worthwhile(cls, problem: Problem) -> Sketch | None:
        """The sketch, or None if there are too few images or atoms for it to save time."""
        (n, d), c = problem.embeddings.shape, len(problem.dictionary)
        if n < 2 * d or c < 8 * d:
            return None
        with problem.arrays.exact():
            return cls.of(problem)
