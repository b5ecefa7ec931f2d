"""Near pairs by walking the engine's graph from every image, in time that grows with their number.

A walk finds the nearest of all images, so it is asked for more of them until the last is too far:
then all are found, but for what a graph may miss (HNSW, Malkov and Yashunin 2018).
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
"""How many neighbours are asked for at first and at last. Of more copies of one image than that,
each has other neighbours, and chains of them join all."""
_GROWTH = 8
WIDTH = 128
"""Candidates kept in view. 256 find a neighbour of 1% more images, in one and a half the time."""
_TOGETHER = 64


def has_graph(index: Index) -> bool:
    """Whether the engine walks a graph rather than scans all images for each."""
    return index.manifest.ann != "exact" and not is_due(index, None)


def walked_pairs(
    engine: Engine, hits: Iterable[Hit], least: float, on_progress: Progress, total: int
) -> Iterator[tuple[str, str]]:
    """Pairs of point ids with at least a cosine, most of them both ways round.

    Args:
        engine: With a graph.
        hits: The images to begin at, with dense vectors. Those they are near to may be others.
        least: Cosine.
        on_progress: Called with images done and their total.
        total: How many `hits` there are.
    """
    done = 0
    for some in blocks(hits, _TOGETHER):
        asked, limit = some, FIRST
        while asked:
            answers = engine.query_batch([_near(hit, limit) for hit in asked])
            again = []
            for hit, found in zip(asked, answers, strict=True):
                if len(found) == limit < MOST and found[-1].score >= least:
                    again.append(hit)
                    continue
                yield from (
                    (hit.id, near.id) for near in found if near.score >= least and near.id != hit.id
                )
            asked, limit = again, min(limit * _GROWTH, MOST)
        done += len(some)
        on_progress(done, total)


def _near(hit: Hit, limit: int) -> Query:
    assert hit.dense is not None
    return Query(Nearest(hit.dense, width=WIDTH), limit=limit, with_payload=False)
