"""Outliers: images that the dictionary explains worst."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.indexer.engines.query import Range
from splicedex.search.curation.subsets.subset import both, subset
from splicedex.search.searcher import Searcher

STEPS = 10_000
"""Cosines are stored to four places."""
FIELD = "cosine"


@dataclass(frozen=True, slots=True)
class Outlier:
    """An image and how well its concepts describe it.

    Args:
        id: Its point id.
        path: Its name in the index.
        cosine: Of its aligned embedding to its decomposition.
    """

    id: str
    path: str
    cosine: float


def outliers(searcher: Searcher, query: str = "", limit: int = 20) -> tuple[Outlier, ...]:
    """Images of a subset with the lowest reconstruction cosine, lowest first.

    The engine counts how many lie below a bound, and the bound is halved in on: no image but those
    returned is read.

    Args:
        searcher: Of an open index.
        query: The subset; empty for every image.
        limit: At most this many.

    Raises:
        UserError: The query cannot be a subset, or matches nothing.
    """
    chosen = subset(searcher, query)
    engine = searcher.index.engine
    engine.create_index(FIELD, "float")
    low, high = -STEPS - 1, STEPS
    while high - low > 1:
        middle = (low + high) // 2
        if engine.count(both(chosen.filter, _up_to(middle))) >= limit:
            high = middle
        else:
            low = middle
    worst = engine.scroll(both(chosen.filter, _up_to(high)), with_payload=("path", FIELD))
    found = [Outlier(hit.id, hit.payload["path"], hit.payload[FIELD]) for hit in worst]
    return tuple(sorted(found, key=lambda one: (one.cosine, one.path))[:limit])


def _up_to(step: int) -> Range:
    """Cosines of at most so many steps, half a step of rounding allowed."""
    return Range(FIELD, lte=(step + 0.5) / STEPS)
