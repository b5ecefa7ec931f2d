"""What images show as sparse matrices, as it is stored in the index."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
from scipy.sparse import csr_array

from splicedex.indexer.engines.query import Filter
from splicedex.indexer.payload.shows import FIELDS, shown_in
from splicedex.indexer.store.index import Index
from splicedex.search.curation.subsets.weights import SAMPLE
from splicedex.splice.presence.shows import Shown


def probabilities_of(shown: Sequence[Shown], concepts: int) -> csr_array:
    """Probabilities (n, c) of the concepts that n images are said to show; 0 of all others.

    Args:
        shown: What each image shows.
        concepts: Number of concepts c.
    """
    ends = np.cumsum([0, *(len(one.concepts) for one in shown)])
    flat = np.array([concept for one in shown for concept in one.concepts], np.int64)
    data = np.array([p for one in shown for p in one.probabilities], np.float64)
    return csr_array((data, flat, ends), shape=(len(shown), concepts))


def sampled_probabilities(index: Index, passing: Filter | None, limit: int = SAMPLE) -> csr_array:
    """What at most `limit` images that pass a filter show, as `probabilities_of` (n, c).

    The images with the lowest ids are read: a random sample, and always the same one.
    """
    hits = islice(index.engine.scroll(passing, with_payload=FIELDS), limit)
    return probabilities_of([shown_in(hit.payload) for hit in hits], len(index.space.concepts))
