"""What an index stores of an image beside its embedding: all of it follows from that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from indexer.index import Index
from indexer.strength import FIELD
from splice.align import Matrix
from splice.decomposition import decompose, reconstruction_cosine

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def derived(index: Index, embeddings: Matrix) -> tuple[csr_array, list[dict[str, Any]]]:
    """Decompose images and say what their payload tells of it.

    Args:
        index: Open index.
        embeddings: (n, d).

    Returns:
        SpLiCE weights (n, c), and n payloads: which concepts, which are present and how likely,
        and how close the concepts come to the image (cosine).
    """
    weights = decompose(index.space, embeddings, index.manifest.sparsity)
    presence = index.strengths(embeddings)
    cosines = reconstruction_cosine(index.space, embeddings, weights)
    payloads = [
        {
            "concepts": weights.indices[start:end].tolist(),
            FIELD: codes,
            "cosine": round(float(cosine), 4),
        }
        for start, end, codes, cosine in zip(
            weights.indptr, weights.indptr[1:], presence, cosines, strict=False
        )
    ]
    return weights, payloads
