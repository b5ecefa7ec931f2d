"""Turns fetched points back into a batch that can be written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from splicedex.indexer.engines.base import Batch
from splicedex.indexer.engines.query import Hit


def batch_of(hits: Sequence[Hit], concepts: int) -> Batch:
    """Turn hits into a batch.

    Args:
        hits: Points (n ≥ 1), fetched with payload and both vectors.
        concepts: Number of concepts c in their space.
    """
    from scipy.sparse import csr_array

    sparse = [hit.concepts for hit in hits if hit.concepts is not None]
    ends = np.cumsum([len(vector.indices) for vector in sparse])
    weights = csr_array(
        (
            np.concatenate([vector.values for vector in sparse]),
            np.concatenate([vector.indices for vector in sparse]),
            np.concatenate([[0], ends]),
        ),
        shape=(len(hits), concepts),
    )
    dense = np.array([hit.dense for hit in hits], np.float32)
    return Batch([hit.id for hit in hits], dense, weights, [hit.payload for hit in hits])
