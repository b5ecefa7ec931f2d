"""What an index stores of an image beside its embedding: all of it follows from that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from splicedex.indexer.store.index import Index
from splicedex.indexer.store.presence_payload import PresenceEncoder
from splicedex.splice.align import Matrix
from splicedex.splice.blas import one_blas_thread
from splicedex.splice.decomposition import decompose, reconstruction_cosine
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.presence.calibration import Calibration
from splicedex.splice.sparsity import Sparsity

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Derived: TypeAlias = "tuple[csr_array, list[dict[str, Any]]]"
"""SpLiCE weights (n, c), and n payloads: which concepts, which are present and how likely, and how
close the concepts come to the image (cosine)."""


@dataclass(frozen=True)
class Derivation:
    """Computes all that follows from embeddings; needs no points, and can be pickled.

    Args:
        space: The concepts.
        sparsity: λ or the count of concepts.
        coding: Of the same space.
        calibration: What makes embeddings probabilities.
    """

    space: ConceptSpace
    sparsity: Sparsity
    coding: PresenceEncoder
    calibration: Calibration

    @classmethod
    def of(cls, index: Index) -> Derivation:
        """As an index has it now."""
        return cls(index.space, index.manifest.sparsity, index.coding, index.calibration)

    def __call__(self, embeddings: Matrix) -> Derived:
        """Decompose images with embeddings (n, d) and say what their payload tells of it."""
        with one_blas_thread:  # the same bits in any process
            weights = decompose(self.space, embeddings, self.sparsity)
            likely = self.calibration.probability(embeddings)
            cosines = reconstruction_cosine(self.space, embeddings, weights)
        payloads = [
            {
                "concepts": weights.indices[start:end].tolist(),
                "cosine": round(float(cosine), 4),
                **presence,
            }
            for start, end, presence, cosine in zip(
                weights.indptr,
                weights.indptr[1:],
                self.coding.payloads(likely),
                cosines,
                strict=False,
            )
        ]
        return weights, payloads
