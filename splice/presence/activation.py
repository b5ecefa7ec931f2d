"""Activation: a dense score of every concept in an image.

The lasso uses few concepts, so most concepts that apply to an image have weight 0. Activation is
the same regression with an l2 penalty instead: concepts with similar atoms share the weight. It is
standardised over the vocabulary within each image, so its unit is the standard deviation over all
concepts. A collection can change the query directions (`splice.presence.self_training`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import Matrix, unit
from splicedex.splice.dictionary.space import ConceptSpace

RIDGE = 5.0
"""l2 penalty, in units of the mean eigenvalue of the Gram matrix `C^T C`."""
Ids: TypeAlias = Sequence[int] | NDArray[np.int64] | slice
"""Concept ids, or a slice of the vocabulary."""


@dataclass(frozen=True, eq=False)
class Activations:
    """Computes activations from embeddings.

    Args:
        queries: One direction q per concept (c, d). The inner product z·q with stored embeddings z
            ranks images by the concept's activation, so the engine can do it.
        image_mean: Mean (d,) of unit image embeddings, subtracted from each embedding.
        covariance: Covariance (d, d) of the queries over the vocabulary.
    """

    queries: Matrix
    image_mean: Matrix
    covariance: Matrix

    @classmethod
    def of_words(cls, space: ConceptSpace) -> Activations:
        """Activations from the texts alone: the q are the unit rows of `C (C^T C + ρI)⁻¹`."""
        atoms = space.atoms
        gram = atoms.T @ atoms
        ridge = RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram), dtype=gram.dtype)
        queries = unit(np.linalg.solve(gram + ridge, atoms.T).T)
        return cls(queries, space.image_mean, _covariance(queries))

    def with_queries(self, queries: Matrix) -> Activations:
        """Activations with other directions (c, d)."""
        return replace(self, queries=queries, covariance=_covariance(queries))

    def of(self, embeddings: Matrix, concepts: Ids = slice(None)) -> Matrix:
        """Compute activations of k concepts in n images.

        Args:
            embeddings: Image embeddings (n, d), not zero; their length does not matter.
            concepts: The k concept ids; all by default.

        Returns:
            Activations (n, k), in standard deviations over the vocabulary.
        """
        return self.of_standardised(self.standardised(embeddings), concepts)

    def standardised(self, embeddings: Matrix) -> Matrix:
        """Centre embeddings, and scale each so that its activations have standard deviation 1.

        The mean and standard deviation over the vocabulary follow from those of the queries. So
        the activations of a few concepts do not need those of all.

        Args:
            embeddings: Image embeddings (n, d), not zero.

        Returns:
            Standardised embeddings (n, d), for `of_standardised`.
        """
        offsets = unit(embeddings) - self.image_mean
        offsets *= self._scales(offsets)[:, None]
        return offsets

    def scales(self, embeddings: Matrix) -> Matrix:
        """The factors (n,) by which `standardised` multiplies embeddings that it has centred.

        Args:
            embeddings: Image embeddings (n, d), unit length.
        """
        return self._scales(embeddings - self.image_mean)

    def _scales(self, offsets: Matrix) -> Matrix:
        variance = np.einsum("ij,ij->i", offsets @ self.covariance, offsets)
        scales: Matrix = 1 / np.sqrt(np.maximum(variance, np.finfo(np.float32).tiny))
        return scales

    def directions(self, concepts: Ids = slice(None)) -> Matrix:
        """Vectors (k, d) whose products with standardised embeddings are the activations."""
        directions: Matrix = self.queries[concepts] - self._mean
        return directions

    def of_standardised(self, rows: Matrix, concepts: Ids = slice(None)) -> Matrix:
        """Activations (n, k) of k concepts (default: all) from standardised embeddings (n, d)."""
        activations: Matrix = rows @ self.directions(concepts).T
        return activations

    @cached_property
    def _mean(self) -> Matrix:
        mean: Matrix = self.queries.mean(axis=0)
        return mean


def _covariance(queries: Matrix) -> Matrix:
    centred = queries - queries.mean(axis=0)
    covariance: Matrix = centred.T @ centred / len(centred)
    return covariance
