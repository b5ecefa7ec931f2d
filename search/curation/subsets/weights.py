"""SpLiCE weights of images, as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
from scipy.sparse import csr_array

from splicedex.indexer.engines.query import Filter, Hit
from splicedex.indexer.store.index import Index

SAMPLE = 4096
"""Images read where every one would take too long."""


def weights_of(hits: Sequence[Hit], concepts: int) -> csr_array:
    """SpLiCE weights (n, c) of images that were read with them."""
    rows = [hit.concepts for hit in hits if hit.concepts is not None]
    ends = np.cumsum([0, *(len(row.indices) for row in rows)])
    flat = np.concatenate([*(row.indices for row in rows), np.zeros(0, np.int64)])
    data = np.concatenate([*(row.values for row in rows), np.zeros(0, np.float32)])
    return csr_array((data, flat, ends), shape=(len(rows), concepts))


def sampled_weights(index: Index, filter_: Filter | None, most: int = SAMPLE) -> csr_array:
    """Weights (n, c) of at most so many images that pass.

    The first by id: ids are hashes of names, so these are a random sample, and the same each time.
    """
    hits = index.engine.scroll(filter_, with_payload=False, with_concepts=True)
    return weights_of(list(islice(hits, most)), len(index.space.concepts))
