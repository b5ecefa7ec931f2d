"""The state of a block of images in the lasso solver, and the step that improves it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from splicedex.splice.solver.arrays import Array, Arrays
from splicedex.splice.solver.candidates import Candidates
from splicedex.splice.solver.nnqp import nnqp, pack, product, projected_gradient
from splicedex.splice.solver.penalties import Thresholds
from splicedex.splice.solver.problem import Problem

Accuracy: TypeAlias = Literal["rough", "single", "double"]
"""Accuracy of a step. "rough" is approximate. "single" and "double" are exact, with Gram matrices
in the working precision or in double precision."""

_STRIP = 16
"""Rows of a Gram matrix that are computed at a time."""


@dataclass
class Block:
    """The state of b images: the atoms they use, with weights, and the residuals.

    The score of an atom is its inner product with the residual. Tables of atoms are padded: where a
    weight is 0, the atom has no meaning.

    Attributes:
        problem: The dictionary (c, d) and the library to compute with.
        thresholds: The highest scores λ_k/2 that atoms may have at the optimum.
        embeddings: Embeddings (b, d).
        tolerance: How far (b, 1) scores may miss the threshold.
        atoms: Atoms in use (b, m).
        weights: Their weights (b, m).
        residual: Residuals `z - C^T w` (b, d).
        stationary: Whether the scores of all atoms in use are at the threshold (b,).
    """

    problem: Problem
    thresholds: Thresholds
    embeddings: Array
    tolerance: Array
    atoms: Array
    weights: Array
    residual: Array
    stationary: Array

    @classmethod
    def starting(cls, problem: Problem, thresholds: Thresholds, embeddings: Array) -> Block:
        """The state without any atoms in use."""
        row = problem.arrays.arange(len(embeddings))
        return cls(
            problem=problem,
            thresholds=thresholds,
            embeddings=embeddings,
            tolerance=problem.tolerance(embeddings),
            atoms=0 * row[:, None],
            weights=0 * embeddings[:, :1],
            residual=embeddings + 0,
            stationary=row >= 0,
        )

    def violating(self, rows: Array, candidates: Candidates) -> Candidates:
        """The candidates of images `rows` (n,) whose score is above the threshold."""
        limit = self.thresholds.level + self.tolerance[rows, 0]
        return candidates.take(candidates.score > limit[candidates.row])

    def members(self, rows: Array) -> tuple[Array, Array]:
        """Rows and columns, in a table (n, c), of the atoms that images `rows` (n,) use."""
        row, place = self.problem.arrays.xp.where(self.weights[rows] > 0)
        return row, self.atoms[rows[row], place]

    def allow_for_large_weights(self) -> None:
        """Raise the tolerance to the rounding error of large weights that nearly cancel out."""
        sums = self.problem.longest * self.weights.sum(1)[:, None]
        rounding = self.problem.rounding(sums)
        self.tolerance = self.problem.arrays.xp.maximum(self.tolerance, rounding)

    def improve(self, rows: Array, new_atoms: Array, mask: Array, accuracy: Accuracy) -> None:
        """Solve the lasso over each image's working set: the atoms in use and the new ones.

        Working sets of similar size are solved together.

        Args:
            rows: The images (n,) to improve.
            new_atoms: Atoms (n, k) that they do not use yet.
            mask: Mask (n, k) that is false for padding in `new_atoms`.
            accuracy: Accuracy of the solution.
        """
        arrays, xp = self.problem.arrays, self.problem.arrays.xp
        weights = self.weights[rows]
        table, used = pack(arrays, xp.concatenate([weights > 0, mask], 1))
        row = arrays.arange(len(rows))[:, None]
        atoms = xp.concatenate([self.atoms[rows], new_atoms], 1)[row, table]
        weights = xp.concatenate([weights, arrays.zeros(mask.shape, like=weights)], 1)
        weights = xp.where(used, weights[row, table], 0)
        sizes = used.sum(1)
        order = xp.argsort(sizes)
        for some in _slices(len(rows), arrays.block // (64 * table.shape[1] ** 2)):
            these = order[some]
            part = these[:, None], arrays.arange(max(1, int(sizes[these[-1]])))
            solution = self._solve(rows[these], atoms[part], weights[part], used[part], accuracy)
            self._use(rows[these], atoms[part], solution)

    def _solve(
        self, rows: Array, atoms: Array, start: Array, used: Array, accuracy: Accuracy
    ) -> Array:
        """Weights (n, k) of working sets, starting from `start`; 0 where not `used`."""
        arrays, xp = self.problem.arrays, self.problem.arrays.xp
        gram, scores = self._inner_products(rows, atoms, double=accuracy == "double")
        gain = xp.where(used, scores - self.thresholds.of_atoms(atoms), -math.inf)
        weights = arrays.cast(start, like=gram)
        linear = arrays.cast(gain, like=gram) + product(gram, weights)
        if accuracy == "rough":
            return projected_gradient(xp, gram, linear, weights)
        weights = nnqp(arrays, gram, linear, weights, self.tolerance[rows] / 2)
        return arrays.cast(weights, like=start)

    def _use(self, rows: Array, atoms: Array, weights: Array) -> None:
        """Replace the atoms of images by those (n, k) whose weight (n, k) is above zero."""
        arrays, xp = self.problem.arrays, self.problem.arrays.xp
        table, used = pack(arrays, weights > 0)
        row, width = arrays.arange(len(rows))[:, None], table.shape[1]
        atoms, weights = atoms[row, table], xp.where(used, weights[row, table], 0)
        padding = len(self.atoms), max(0, width - self.atoms.shape[1])
        self.atoms = xp.concatenate([self.atoms, arrays.zeros(padding, like=self.atoms)], 1)
        self.weights = xp.concatenate([self.weights, arrays.zeros(padding, like=self.weights)], 1)
        self.weights[rows] = 0
        self.weights[rows, :width], self.atoms[rows, :width] = weights, atoms
        for some in self._tiles(atoms):
            these = rows[some]
            vectors = self.problem.arrays.rows(self.problem.dictionary, atoms[some])
            residual = self.embeddings[these] - product(vectors, weights[some])
            scores = (vectors @ residual[:, :, None])[:, :, 0]
            gain = scores - self.thresholds.of_atoms(atoms[some])
            at_limit = (xp.abs(gain) <= self.tolerance[these]) | ~used[some]
            self.residual[these], self.stationary[these] = residual, at_limit.all(1)

    def _inner_products(self, rows: Array, atoms: Array, *, double: bool) -> tuple[Array, Array]:
        """Inner products of images' atoms (n, k) with one another, and with the residuals.

        The diagonal is increased slightly, so that equal atoms share their weight and do not make
        the problem singular. This causes no error at convergence, because each pass solves for the
        change of the weights.

        Returns:
            Gram matrices (n, k, k) and scores (n, k).
        """
        arrays, xp = self.problem.arrays, self.problem.arrays.xp
        k, tables = atoms.shape[1], []
        for some in self._tiles(atoms):
            places = xp.concatenate([atoms[some], atoms[some][:, :1]], 1)
            vectors = arrays.rows(self.problem.dictionary, places)
            vectors[:, k] = self.residual[rows[some]]
            tables.append(_products(arrays, arrays.wide(vectors) if double else vectors))
        table = xp.concatenate(tables)
        gram, scores = table[:, :, :k], table[:, :, k]
        place = arrays.arange(atoms.shape[1])
        gram[:, place, place] *= 1 + 4 * arrays.precision
        return gram, scores

    def _tiles(self, atoms: Array) -> Iterator[slice]:
        """Slices of a table of atoms (n, k), each small enough to gather its vectors at a time."""
        floats = int(atoms.shape[1]) * int(self.problem.dictionary.shape[1])
        return _slices(len(atoms), self.problem.arrays.tile // floats)


def _slices(stop: int, step: int) -> Iterator[slice]:
    step = max(1, step)
    return (slice(start, start + step) for start in range(0, stop, step))


def _products(arrays: Arrays, vectors: Array) -> Array:
    """Inner products (n, k, k + 1) of the first k vectors with all vectors (n, k + 1, d).

    They are computed in strips of rows that start at the diagonal; the rest follows by symmetry.
    This halves the work. And as no strip is square, NumPy does not call BLAS's routine for
    symmetric products. For matrices this small it is slower than the general one, and several times
    slower with the AVX-512 kernels.
    """
    n, k = vectors.shape[0], vectors.shape[1] - 1
    table = arrays.zeros((n, k, k + 1), like=vectors)
    for start in range(0, k, _STRIP):
        stop = min(k, start + _STRIP)
        table[:, start:stop, start:] = vectors[:, start:stop] @ vectors[:, start:].swapaxes(1, 2)
        table[:, stop:, start:stop] = table[:, start:stop, stop:k].swapaxes(1, 2)
    return table
