"""How many images of a subset have each concept, from the engine's index of presence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.index import Index
from indexer.query import Filter
from indexer.strength import BANDS, FIELD

Counts = NDArray[np.int64]


def concept_counts(index: Index, filter_: Filter | None) -> Counts:
    """Images (c,) of a subset where each concept counts as present, itself or by its kin.

    One facet tells all of them, exactly, as a query for each would: see `indexer.strength`.
    """
    counts = np.zeros(len(index.space.concepts), np.int64)
    found = index.engine.facet(FIELD, filter=filter_, limit=len(counts) * BANDS)
    pairs = np.array([(int(code), images) for code, images in found], np.int64).reshape(-1, 2)
    there = pairs[pairs[:, 0] % BANDS == 0]
    counts[there[:, 0] // BANDS] = there[:, 1]
    return counts
