"""Decomposition of images into concepts, and the way back (paper, sections 4.3 and 5.4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array

from splice.align import Matrix, unit
from splice.errors import UserError
from splice.solver import at_most, nonnegative_lasso
from splice.space import ConceptSpace

DEFAULT_PENALTY = 0.25
"""λ: 5 to 35 concepts an image between .15 and .35."""


@dataclass(frozen=True)
class Sparsity:
    """How sparse a decomposition is: by penalty, or by an exact bound on the count.

    Args:
        l1_penalty: λ of the lasso, > 0; unused where `l0` is given.
        l0: At most this many concepts an image.

    Raises:
        UserError: λ ≤ 0 or not a number, l0 < 1.
    """

    l1_penalty: float = DEFAULT_PENALTY
    l0: int | None = None

    def __post_init__(self) -> None:
        if self.l0 is None and not (math.isfinite(self.l1_penalty) and self.l1_penalty > 0):
            raise UserError(
                f"the l1 penalty is {self.l1_penalty}, it must be above 0", "try 0.15 to 0.35"
            )
        if self.l0 is not None and self.l0 < 1:
            raise UserError(f"l0 is {self.l0}, it must be at least 1", "try 5 to 35")


def decompose(space: ConceptSpace, embeddings: Matrix, sparsity: Sparsity) -> csr_array:
    """Write image embeddings as sparse non-negative sums of concepts.

    Args:
        space: The concepts.
        embeddings: Image embeddings (n, d), of any length but zero.
        sparsity: λ or the count of concepts.

    Returns:
        Weights (n, c).
    """
    aligned = space.align_images(embeddings)
    if sparsity.l0 is not None:
        return at_most(space.atoms, aligned, sparsity.l0)
    return nonnegative_lasso(space.atoms, aligned, sparsity.l1_penalty)


def recompose(space: ConceptSpace, weights: csr_array) -> Matrix:
    """Embeddings that the concepts alone stand for: `unit(unit(C^T w) + mean_img)`.

    Args:
        space: The concepts.
        weights: (n, c).

    Returns:
        Unit embeddings (n, d) in CLIP's image cone.
    """
    return unit(unit(weights @ space.atoms) + space.image_mean)


def reconstruction_cosine(space: ConceptSpace, embeddings: Matrix, weights: csr_array) -> Matrix:
    """Cosine (n,) of each aligned embedding to its reconstruction `C^T w`; 0 where w = 0."""
    aligned = space.align_images(embeddings)
    cosine: Matrix = np.einsum("ij,ij->i", aligned, unit(weights @ space.atoms))
    return cosine


def intervene(
    weights: csr_array, *, suppress: Iterable[int] = (), set_to: Mapping[int, float] | None = None
) -> csr_array:
    """Edit decompositions before recomposing (paper, section 6.2).

    Args:
        weights: (n, c); left as they are.
        suppress: Concept ids whose weight becomes 0.
        set_to: Weight by concept id, ≥ 0, set in every row.

    Returns:
        Edited weights (n, c), without explicit zeros.
    """
    values = dict.fromkeys(suppress, 0.0) | dict(set_to or {})
    keep = np.ones(weights.shape[1], weights.dtype)
    keep[list(values)] = 0
    row = np.zeros((1, weights.shape[1]), weights.dtype)
    row[0, list(values)] = list(values.values())
    added = csr_array(np.ones((weights.shape[0], 1), weights.dtype)) @ csr_array(row)
    edited = csr_array(weights @ diags_array(keep) + added)
    edited.eliminate_zeros()
    edited.sort_indices()
    return edited
