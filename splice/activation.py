"""Activation: how strongly each concept of a space shows in an image, none zeroed.

The lasso explains with few words and so leaves most that fit at zero. Activation is the same
regression with an l2 penalty: every concept competes with its near-synonyms and keeps a share.
Standardised over the vocabulary within an image, it says how many deviations a concept stands above
the other words, and depends on that image alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from splice.align import Matrix, unit
from splice.space import ConceptSpace

RIDGE = 5.0
"""l2 penalty, in mean eigenvalues of the dictionary's Gram matrix."""


class Activations:
    """Reads activations off embeddings.

    Args:
        space: The concepts.
    """

    def __init__(self, space: ConceptSpace) -> None:
        atoms = space.atoms
        gram = atoms.T @ atoms
        ridge = RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram), dtype=gram.dtype)
        self.queries: Matrix = unit(np.linalg.solve(gram + ridge, atoms.T).T)
        """Unit rows of `C (C^T C + e I)^-1` (c, d): against a stored embedding z, z·q ranks images
        by the ridge weight of a concept, inside the engine."""
        self._image_mean = space.image_mean
        self._mean = self.queries.mean(axis=0)
        centred = self.queries - self._mean
        self._covariance = centred.T @ centred / len(centred)

    def of(self, embeddings: Matrix, concepts: Sequence[int] | slice = slice(None)) -> Matrix:
        """Activations (n, k) of some concepts, or of all, in images.

        Mean and deviation over the vocabulary follow from those of the queries, so that a few
        concepts cost a few products.

        Args:
            embeddings: Image embeddings (n, d), of any length but zero.
            concepts: k concept ids.
        """
        offsets = unit(embeddings) - self._image_mean
        variance = np.einsum("ij,ij->i", offsets @ self._covariance, offsets)
        offsets /= np.sqrt(np.maximum(variance, np.finfo(np.float32).tiny))[:, None]
        scores = offsets @ (self.queries[concepts] - self._mean).T
        activations: Matrix = scores
        return activations
