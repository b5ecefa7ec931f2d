"""`outliers`: the images that their concepts describe worst."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.indexer.engines.query import Range
from splicedex.search.curation.subsets.subset import intersection, subset
from splicedex.search.searcher import Searcher

STEPS = 10_000
"""Steps between 0 and 1 of the stored cosines, which have four decimals."""
FIELD = "cosine"


@dataclass(frozen=True, slots=True)
class Outlier:
    """An image and how well its concepts describe it.

    Args:
        id: Its point id.
        path: Its path in the index.
        cosine: Cosine of its aligned embedding to its decomposition.
    """

    id: str
    path: str
    cosine: float


def outliers(searcher: Searcher, query: str = "", limit: int = 20) -> tuple[Outlier, ...]:
    """The images of a subset with the lowest reconstruction cosine, lowest first.

    A binary search finds the smallest bound below which `limit` images lie. The engine counts them,
    so only the images that are returned are read.

    Args:
        searcher: A searcher of an open index.
        query: The query of the subset; empty for every image.
        limit: At most this many images.

    Raises:
        UserError: The query cannot be a subset, or matches nothing.
    """
    chosen = subset(searcher, query)
    engine = searcher.index.engine
    engine.create_index(FIELD, "float")
    low, high = -STEPS - 1, STEPS
    while high - low > 1:
        middle = (low + high) // 2
        if engine.count(intersection(chosen.filter, _up_to(middle))) >= limit:
            high = middle
        else:
            low = middle
    hits = engine.scroll(intersection(chosen.filter, _up_to(high)), with_payload=("path", FIELD))
    found = [Outlier(hit.id, hit.payload["path"], hit.payload[FIELD]) for hit in hits]
    return tuple(sorted(found, key=lambda one: (one.cosine, one.path))[:limit])


def _up_to(step: int) -> Range:
    """Cosines of at most `step` steps, with half a step for rounding."""
    return Range(FIELD, lte=(step + 0.5) / STEPS)
