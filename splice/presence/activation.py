"""Activation: how strongly each concept of a space shows in an image, none zeroed.

The lasso explains with few words and so leaves most that fit at zero. Activation is the same
regression with an l2 penalty: every concept competes with its near-synonyms and keeps a share.
Standardised over the vocabulary within an image, it says how many deviations a concept stands above
the other words. A collection can turn the directions it is read along
(`splice.presence.self_training`).
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
"""l2 penalty, in mean eigenvalues of the dictionary's Gram matrix."""
Ids: TypeAlias = Sequence[int] | NDArray[np.int64] | slice
"""Concept ids, or a stretch of the vocabulary."""


@dataclass(frozen=True, eq=False)
class Activations:
    """Reads activations off embeddings.

    Args:
        queries: A direction per concept (c, d): against a stored embedding z, z·q ranks images by a
            concept's activation, inside the engine.
        image_mean: What embeddings of images have in common (d,).
        covariance: Of the queries over the vocabulary (d, d).
    """

    queries: Matrix
    image_mean: Matrix
    covariance: Matrix

    @classmethod
    def of_words(cls, space: ConceptSpace) -> Activations:
        """As the concepts' texts alone have it: unit rows of `C (C^T C + e I)^-1`."""
        atoms = space.atoms
        gram = atoms.T @ atoms
        ridge = RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram), dtype=gram.dtype)
        queries = unit(np.linalg.solve(gram + ridge, atoms.T).T)
        return cls(queries, space.image_mean, _covariance(queries))

    def along(self, queries: Matrix) -> Activations:
        """The same, read along other directions (c, d)."""
        return replace(self, queries=queries, covariance=_covariance(queries))

    def of(self, embeddings: Matrix, concepts: Ids = slice(None)) -> Matrix:
        """Activations (n, k) of some concepts, or of all, in images.

        Args:
            embeddings: Image embeddings (n, d), of any length but zero.
            concepts: k concept ids.
        """
        return self.of_standardised(self.standardised(embeddings), concepts)

    def standardised(self, embeddings: Matrix) -> Matrix:
        """Centred embeddings (n, d) whose activations deviate by 1 over the vocabulary.

        Mean and deviation of the activations follow from those of the queries, so that a few
        concepts cost a few products.
        """
        offsets = unit(embeddings) - self.image_mean
        variance = np.einsum("ij,ij->i", offsets @ self.covariance, offsets)
        offsets /= np.sqrt(np.maximum(variance, np.finfo(np.float32).tiny))[:, None]
        return offsets

    def of_standardised(self, rows: Matrix, concepts: Ids = slice(None)) -> Matrix:
        """Activations (n, k) of some concepts, or of all, in standardised embeddings (n, d)."""
        activations: Matrix = rows @ (self.queries[concepts] - self._mean).T
        return activations

    @cached_property
    def _mean(self) -> Matrix:
        mean: Matrix = self.queries.mean(axis=0)
        return mean


def _covariance(queries: Matrix) -> Matrix:
    centred = queries - queries.mean(axis=0)
    covariance: Matrix = centred.T @ centred / len(centred)
    return covariance
