"""Near pairs by nearest-neighbour queries to the engine's graph: time grows linearly with images.

Each query asks for the nearest images of one image. If even the last of them is near enough, the
query is repeated for more. So all near images are found, except those that the graph misses (HNSW
is approximate; Malkov and Yashunin 2018).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.query import Hit, Nearest, Query
from splicedex.indexer.pipeline.optimize import is_due
from splicedex.indexer.sources.base import blocks
from splicedex.indexer.store.index import Index
from splicedex.search.curation.subsets.reading import Progress

FIRST, MOST = 16, 1024
"""How many neighbours the first and the last query of an image ask for. If an image has more copies
than that, they have different neighbours, and chains of them join all."""
_GROWTH = 8
WIDTH = 128
"""Candidates that a query keeps (`ef`). 256 find a neighbour of 1% more images, in 1.5 times the
time."""
_BATCH = 64
"""Images queried at once."""


def has_graph(index: Index) -> bool:
    """Whether the engine answers nearest-neighbour queries from a graph, not by a full scan."""
    return index.manifest.ann != "exact" and not is_due(index, None)


def walked_pairs(
    engine: Engine, hits: Iterable[Hit], least: float, on_progress: Progress, total: int
) -> Iterator[tuple[str, str]]:
    """Pairs of point ids with at least a given cosine, most of them in both orders.

    Args:
        engine: An engine with a graph.
        hits: The images to start from, with dense vectors. Their neighbours can be other images.
        least: Least cosine.
        on_progress: Called with images done and their total.
        total: How many images `hits` has.
    """
    done = 0
    for block in blocks(hits, _BATCH):
        asked, limit = block, FIRST
        while asked:
            answers = engine.query_batch([_neighbours(hit, limit) for hit in asked])
            again = []
            for hit, found in zip(asked, answers, strict=True):
                if len(found) == limit < MOST and found[-1].score >= least:
                    again.append(hit)
                    continue
                yield from (
                    (hit.id, near.id) for near in found if near.score >= least and near.id != hit.id
                )
            asked, limit = again, min(limit * _GROWTH, MOST)
        done += len(block)
        on_progress(done, total)


def walked_neighbours(
    engine: Engine, hits: Iterable[Hit], count: int, on_progress: Progress, total: int
) -> Iterator[tuple[str, str]]:
    """Pairs of point ids: each image with the nearest ones.

    Args:
        engine: An engine with a graph.
        hits: The images to start from, with dense vectors. Their neighbours can be other images.
        count: How many neighbours each has.
        on_progress: Called with images done and their total.
        total: How many images `hits` has.
    """
    done = 0
    for block in blocks(hits, _BATCH):
        answers = engine.query_batch([_neighbours(hit, count + 1) for hit in block])
        for hit, found in zip(block, answers, strict=True):
            yield from ((hit.id, near.id) for near in found if near.id != hit.id)
        done += len(block)
        on_progress(done, total)


def _neighbours(hit: Hit, limit: int) -> Query:
    """The query for the nearest images of one image."""
    assert hit.dense is not None
    return Query(Nearest(hit.dense, width=WIDTH), limit=limit, with_payload=False)
