"""How many images have what."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.index import Index
from indexer.query import Filter
from indexer.strength import BANDS, FIELD
from search.concepts import Resolved
from search.plan import present
from splice.presence import PRESENT


def images_with(index: Index, meaning: Resolved) -> int:
    """How many images have a concept, by presence."""
    return index.engine.count(present(meaning, PRESENT))


def frequent(index: Index, count: int) -> list[tuple[str, int]]:
    """The concepts that explain most images (SpLiCE weight above 0), with how many."""
    found = index.engine.facet("concepts", limit=count)
    return [(index.space.concepts[int(concept)], images) for concept, images in found]


def images_by_concept(index: Index, passing: Filter | None = None) -> NDArray[np.int64]:
    """How many images (c,), of those that pass a filter, a query for each concept would find.

    One facet over what is stored of presence, families and all.
    """
    counts = np.zeros(len(index.space.concepts), np.int64)
    found = index.engine.facet(FIELD, filter=passing, limit=BANDS * len(counts))
    codes, images = np.array(found, np.int64).reshape(-1, 2).T
    whole = codes % BANDS == 0
    counts[codes[whole] // BANDS] = images[whole]
    return counts
