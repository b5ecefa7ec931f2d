"""SpLiCE weights of images as sparse matrices, as they are stored in the index."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
from scipy.sparse import csr_array

from splicedex.indexer.engines.query import Filter, Hit
from splicedex.indexer.store.index import Index

SAMPLE = 4096
"""Images that are read where reading all would take too long."""


def weights_of(hits: Sequence[Hit], concepts: int) -> csr_array:
    """SpLiCE weights (n, c) of n images that were read with their weights.

    Args:
        hits: The images.
        concepts: Number of concepts c.
    """
    rows = [hit.concepts for hit in hits if hit.concepts is not None]
    ends = np.cumsum([0, *(len(row.indices) for row in rows)])
    flat = np.concatenate([*(row.indices for row in rows), np.zeros(0, np.int64)])
    data = np.concatenate([*(row.values for row in rows), np.zeros(0, np.float32)])
    return csr_array((data, flat, ends), shape=(len(rows), concepts))


def sampled_weights(index: Index, passing: Filter | None, limit: int = SAMPLE) -> csr_array:
    """SpLiCE weights (n, c) of at most `limit` images that pass a filter.

    The images with the lowest ids are read. Ids are hashes of paths, so this is a random sample,
    and always the same one.
    """
    hits = index.engine.scroll(passing, with_payload=False, with_concepts=True)
    return weights_of(list(islice(hits, limit)), len(index.space.concepts))
