"""Images on their way to the optimum, and the step that brings them nearer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from splice.solver.arrays import Array, Arrays
from splice.solver.nnqp import nnqp, pack, product
from splice.solver.problem import Problem


class Rows(NamedTuple):
    """n images of a block.

    Tables of atoms are padded: a place that is not meant has weight 0, and its atom means nothing.
    """

    index: Array
    """Row in the block (n,)."""
    embeddings: Array
    """(n, d)."""
    tolerance: Array
    """Of the optimality check (n, 1)."""
    atoms: Array
    """In use (n, m)."""
    weights: Array
    """Of the atoms (n, m)."""
    residual: Array
    """z - C^T w (n, d)."""

    @classmethod
    def starting(cls, problem: Problem, embeddings: Array) -> Rows:
        """All images of a block (b, d), with no atoms yet."""
        index = problem.arrays.arange(len(embeddings))
        return cls(
            index,
            embeddings,
            problem.tolerance(embeddings),
            problem.arrays.zeros((len(embeddings), 1), like=index),
            problem.arrays.zeros((len(embeddings), 1), like=embeddings),
            embeddings,
        )

    def take(self, which: Array) -> Rows:
        """Some of the images, by mask or by number."""
        return Rows(*(part[which] for part in self))

    def entries(self, arrays: Arrays) -> tuple[Array, Array, Array]:
        """Rows in the block, atoms and weights, of all weights above zero."""
        row, place = arrays.xp.where(self.weights > 0)
        return self.index[row], self.atoms[row, place], self.weights[row, place]


def improve(problem: Problem, rows: Rows, newcomers: Array, gain: Array, *, double: bool) -> Rows:
    """Solve the lasso over each image's working set: the atoms it uses and the newcomers.

    Args:
        problem: For its dictionary.
        rows: n images, those with small working sets first.
        newcomers: Atoms (n, k).
        gain: What the scores of both exceed λ/2 by (n, m + k), -inf where there is no atom.
        double: Take the Gram matrices in double precision.

    Returns:
        The images with the atoms they use now.
    """
    arrays, xp = problem.arrays, problem.arrays.xp
    row = arrays.arange(len(newcomers))[:, None]
    table, used = pack(arrays, gain > -math.inf)
    atoms = xp.concatenate([rows.atoms, newcomers], 1)[row, table]
    gain = xp.where(used, gain[row, table], -math.inf)
    weights = xp.concatenate([rows.weights, arrays.zeros(newcomers.shape, like=rows.weights)], 1)
    weights = xp.where(used, weights[row, table], 0)
    for some in _slices(len(atoms), arrays.block // (4 * table.shape[1] ** 2)):
        part = some, slice(int(used[some].sum(1).max()))
        gram = _gram(problem, atoms[part], double=double)
        start = arrays.cast(weights[part], like=gram)
        linear = arrays.cast(gain[part], like=gram) + product(gram, start)
        solution = nnqp(arrays, gram, linear, start, rows.tolerance[some] / 2)
        weights[part] = arrays.cast(solution, like=weights)
    table, used = pack(arrays, weights > 0)
    atoms, weights = atoms[row, table], xp.where(used, weights[row, table], 0)
    residual = arrays.zeros(rows.embeddings.shape, like=weights)
    for some in _slices(len(atoms), _gathered(problem, atoms)):
        explained = product(problem.dictionary[atoms[some]], weights[some])
        residual[some] = rows.embeddings[some] - explained
    return rows._replace(atoms=atoms, weights=weights, residual=residual)


def _gram(problem: Problem, atoms: Array, *, double: bool) -> Array:
    """Inner products (n, k, k) of each image's atoms (n, k).

    The diagonal is a trifle larger, so that equal atoms share their weight rather than make the
    problem singular. As it is solved for the change since the last pass, that leaves no error.
    """
    arrays, xp = problem.arrays, problem.arrays.xp
    grams = []
    for rows in _slices(len(atoms), _gathered(problem, atoms)):
        vectors = problem.dictionary[atoms[rows]]
        vectors = arrays.wide(vectors) if double else vectors
        grams.append(vectors @ vectors.swapaxes(1, 2))
    gram = xp.concatenate(grams)
    place = arrays.arange(atoms.shape[1])
    gram[:, place, place] *= 1 + 4 * arrays.precision
    return gram


def _gathered(problem: Problem, atoms: Array) -> int:
    """How many rows of atoms to gather from the dictionary at a time."""
    return problem.arrays.tile // int(atoms.shape[1] * problem.dictionary.shape[1])


def _slices(stop: int, step: int) -> Iterator[slice]:
    step = max(1, step)
    return (slice(start, start + step) for start in range(0, stop, step))
