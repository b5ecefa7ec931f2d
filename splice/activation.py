"""Activation: how strongly each concept of a space shows in an image, none zeroed.

The lasso explains with few words and so leaves most that fit at zero. Activation is the same
regression with an l2 penalty: every concept competes with its near-synonyms and keeps a share.
Standardised over the vocabulary within an image, it says how many deviations a concept stands above
the other words, and depends on that image alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from splice.align import Matrix, unit
from splice.npz import DAMAGE
from splice.space import ConceptSpace

RIDGE = 5.0
"""l2 penalty, in mean eigenvalues of the dictionary's Gram matrix."""


_Factors: TypeAlias = tuple[Matrix, Matrix]
"""Queries (c, d) and their covariance (d, d)."""


class Activations:
    """Reads activations off embeddings.

    Args:
        space: The concepts.
        saved: Where `save` wrote what follows from the same space: reading it takes a hundredth of
            the time. What is not there, or of another ridge, is computed.
    """

    def __init__(self, space: ConceptSpace, saved: Path | None = None) -> None:
        factors = None if saved is None else _read(saved, space.texts.shape)
        queries, covariance = factors or _computed(space)
        self.queries: Matrix = queries
        """Unit rows of `C (C^T C + e I)^-1` (c, d): against a stored embedding z, z·q ranks images
        by the ridge weight of a concept, inside the engine."""
        self._image_mean = space.image_mean
        self._mean = self.queries.mean(axis=0)
        self._covariance = covariance

    def save(self, path: Path) -> None:
        """Write what takes long to compute to an .npz file, at once or not at all."""
        partial = path.with_name(f"partial-{path.name}")
        np.savez(partial, queries=self.queries, covariance=self._covariance, ridge=RIDGE)
        partial.replace(path)

    def of(self, embeddings: Matrix, concepts: Sequence[int] | slice = slice(None)) -> Matrix:
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
        offsets = unit(embeddings) - self._image_mean
        variance = np.einsum("ij,ij->i", offsets @ self._covariance, offsets)
        offsets /= np.sqrt(np.maximum(variance, np.finfo(np.float32).tiny))[:, None]
        return offsets

    def of_standardised(
        self, rows: Matrix, concepts: Sequence[int] | slice = slice(None)
    ) -> Matrix:
        """Activations (n, k) of some concepts, or of all, in standardised embeddings (n, d)."""
        activations: Matrix = rows @ (self.queries[concepts] - self._mean).T
        return activations


def _computed(space: ConceptSpace) -> _Factors:
    atoms = space.atoms
    gram = atoms.T @ atoms
    ridge = RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram), dtype=gram.dtype)
    queries = unit(np.linalg.solve(gram + ridge, atoms.T).T)
    centred = queries - queries.mean(axis=0)
    return queries, centred.T @ centred / len(centred)


def _read(path: Path, shape: tuple[int, ...]) -> _Factors | None:
    """What `save` wrote, None where it is missing, damaged or of another kind."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            fits = float(arrays["ridge"]) == RIDGE and arrays["queries"].shape == shape
            return (arrays["queries"], arrays["covariance"]) if fits else None
    except DAMAGE:
        return None
