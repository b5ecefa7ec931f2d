"""The order of the images that pass a filter by their cosine to a vector, page by page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.query import And, Filter, HasId, Not, Query, conjuncts
from splicedex.search.ranking.nearest_methods import MARGIN, Direction, Method, methods

Scored: TypeAlias = tuple[str, float]
"""A point id and its score."""


def nearest_images(
    engine: Engine, direction: Direction, passing: Filter, start: int, length: int
) -> list[Scored]:
    """Return a page of the images that pass a filter, by descending cosine to a vector.

    Images with the same cosine, such as copies of a photo, are ordered by id: an engine returns
    them in any order.

    Args:
        engine: Open engine.
        direction: The vector, and how the filter relates to it.
        passing: The filter.
        start: Rank of the first image of the page, from 0.
        length: Number of images of the page.

    Returns:
        Ids with their cosines, best first; fewer than `length` only at the end of the order.
    """
    passing, excluded = _without_ids(passing)
    end = start + length
    found: list[Scored] = []
    for method in methods(engine, direction, passing, end):
        found = _found(engine, method, excluded, end)
        if len(found) == end:
            break
    return found[start:]


def in_order(scored: Iterable[Scored]) -> list[Scored]:
    """Sort by descending score, then by id."""
    return sorted(scored, key=lambda one: (-one[1], one[0]))


def _without_ids(passing: Filter) -> tuple[Filter, frozenset[str]]:
    """Split a filter into one without excluded ids, and the ids that it excludes.

    Without them, the rest may be a single list, which is scanned fastest.
    """
    rest: list[Filter] = []
    excluded: set[str] = set()
    for part in conjuncts(passing):
        if isinstance(part, Not) and isinstance(part.part, HasId):
            excluded |= set(part.part.ids)
        else:
            rest.append(part)
    return And(tuple(rest)), frozenset(excluded)


def _found(engine: Engine, method: Method, excluded: frozenset[str], end: int) -> list[Scored]:
    """The first `end` images that a method finds, without the excluded ones.

    All images that equal the last one are fetched, because an engine may cut anywhere among equals.
    """
    limit = end + len(excluded) + MARGIN
    while True:
        hits = engine.query(Query(method.nearest, method.passing, limit, with_payload=False))
        found = in_order((hit.id, hit.score) for hit in hits if hit.id not in excluded)
        if len(hits) < limit or hits[-1].score < found[end - 1][1]:
            return found[:end]
        limit *= 2
