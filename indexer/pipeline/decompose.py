"""Computes what an index stores for an image in addition to its embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from splicedex.indexer.payload.presence import LEAST, PresenceEncoder
from splicedex.indexer.payload.shows import payload_of
from splicedex.indexer.store.index import Index
from splicedex.splice.align import Matrix
from splicedex.splice.blas import one_blas_thread
from splicedex.splice.decomposition import decompose, reconstruction_cosine
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.presence.calibration import Calibration
from splicedex.splice.presence.shows import Shows
from splicedex.splice.sparsity import Sparsity

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Decomposed: TypeAlias = "tuple[csr_array, list[dict[str, Any]]]"
"""SpLiCE weights (n, c), and n payloads. A payload holds the concepts of the image, which concepts
are present and how probably, what the image shows, and the cosine between the image and its
reconstruction."""


@dataclass(frozen=True)
class Decomposer:
    """Decomposes embeddings into concepts. Needs no engine, and can be pickled.

    Args:
        space: The concept space.
        sparsity: The penalty λ, or the number of concepts per image.
        penalties: Relative penalties (c,) of the concepts; None if all are 1.
        coding: Encoder of presence for the same space.
        calibration: Turns embeddings into presence probabilities.
        shows: Says what images show.
    """

    space: ConceptSpace
    sparsity: Sparsity
    penalties: Matrix | None
    coding: PresenceEncoder
    calibration: Calibration
    shows: Shows

    @classmethod
    def of(cls, index: Index) -> Decomposer:
        """The decomposer of an index with its current calibration.

        Args:
            index: Open index.
        """
        return cls(
            index.space,
            index.manifest.sparsity,
            index.penalties,
            index.coding,
            index.calibration,
            index.shows,
        )

    def __call__(self, embeddings: Matrix) -> Decomposed:
        """Decompose images.

        Args:
            embeddings: Image embeddings (n, d), unit length.

        Returns:
            Weights (n, c) and n payloads.

        Raises:
            UserError: A row holds NaN or infinity.
        """
        with one_blas_thread:  # the result has the same bits in any process
            weights = decompose(self.space, embeddings, self.sparsity, self.penalties)
            probabilities = self.calibration.likely(embeddings, LEAST)
            cosines = reconstruction_cosine(self.space, embeddings, weights)
            shown = self.shows.shown(embeddings)
        payloads = [
            {
                "concepts": weights.indices[start:end].tolist(),
                "cosine": round(float(cosine), 4),
                **presence,
                **payload_of(said),
            }
            for start, end, presence, cosine, said in zip(
                weights.indptr,
                weights.indptr[1:],
                self.coding.payloads(probabilities),
                cosines,
                shown,
                strict=False,
            )
        ]
        return weights, payloads
