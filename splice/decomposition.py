"""Decomposition of images into concepts, and recomposition (paper, sections 4.3 and 5.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from scipy.sparse import csr_array, diags_array

from splicedex.splice.align import Matrix, unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.solver import at_most, nonnegative_lasso
from splicedex.splice.sparsity import Sparsity


def decompose(
    space: ConceptSpace,
    embeddings: Matrix,
    sparsity: Sparsity,
    penalties: Matrix | None = None,
) -> csr_array:
    """Write image embeddings as sparse non-negative sums of concepts.

    With relative penalties p (c,), concept k has the penalty λ·p_k: a concept with a high penalty
    is used only if it explains an image better than others do. With `l0`, concepts are chosen by
    their correlation divided by p_k. By convention the mean of p is 1: then a λ gives about as many
    concepts per image as without penalties.

    Args:
        space: The concept space (c concepts, dimension d).
        embeddings: Image embeddings (n, d), not zero; their length does not matter.
        sparsity: The penalty λ, or the number of concepts.
        penalties: Relative penalties p (c,), above 0; all 1 by default, as in the paper.

    Returns:
        Weights (n, c), without explicit zeros.

    Raises:
        UserError: An embedding holds NaN or infinity, or has another dimension than the space; or
            there is not one penalty above 0 per concept.
    """
    return decompose_aligned(space, space.align_images(embeddings), sparsity, penalties)


def decompose_aligned(
    space: ConceptSpace, aligned: Matrix, sparsity: Sparsity, penalties: Matrix | None = None
) -> csr_array:
    """Write vectors (n, d) that are centred and of unit length as `decompose` does images."""
    if sparsity.l0 is not None:
        return at_most(space.atoms, aligned, sparsity.l0, penalties)
    relative = 1.0 if penalties is None else np.asarray(penalties, np.float64)
    return nonnegative_lasso(space.atoms, aligned, sparsity.l1_penalty * relative)


def recompose(space: ConceptSpace, weights: csr_array) -> Matrix:
    """Rebuild dense embeddings from concept weights: `unit(unit(C^T w) + mean_img)`.

    Args:
        space: The concept space (c concepts, dimension d).
        weights: Concept weights (n, c).

    Returns:
        Unit embeddings (n, d) in CLIP's image cone.
    """
    return unit(unit(weights @ space.atoms) + space.image_mean)


def reconstruction_cosine(space: ConceptSpace, embeddings: Matrix, weights: csr_array) -> Matrix:
    """Measure how much of each embedding its decomposition explains.

    Args:
        space: The concept space (c concepts, dimension d).
        embeddings: Image embeddings (n, d), not zero.
        weights: Their concept weights (n, c).

    Returns:
        Cosine (n,) of each aligned embedding with its reconstruction `C^T w`; 0 where w = 0.
    """
    aligned = space.align_images(embeddings)
    cosine: Matrix = np.einsum("ij,ij->i", aligned, unit(weights @ space.atoms))
    return cosine


def intervene(
    weights: csr_array, *, suppress: Iterable[int] = (), set_to: Mapping[int, float] | None = None
) -> csr_array:
    """Edit decompositions before they are recomposed (paper, section 6.2).

    Args:
        weights: Concept weights (n, c); not modified.
        suppress: Ids of concepts whose weight becomes 0.
        set_to: New weight (≥ 0) by concept id, set in every row.

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
