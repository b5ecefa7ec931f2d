"""The images along a vector that pass a filter, by whichever of the engine's ways is soonest.

A scan of what passes misses nothing, and takes as long as the filter's lists are long. A walk to
what lies nearest of all, filtered in the end, is fast, and misses little where most of what is near
passes: as it does along the direction of the very concepts that are filtered by. What else there
is takes a walk that goes around all that fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from indexer.engine import Engine
from indexer.query import Filter, Nearest, Query, conjuncts
from splice.align import Matrix

Scored: TypeAlias = tuple[str, float]
"""A point id and its score."""

FEW = 20_000
"""Images up to which there is no graph to walk."""
SCANNED = 10_000
"""Images on a filter's lists up to which they are scanned."""
AMONG = 1_000
"""Images found to be filtered in the end, at least."""
MOST_AMONG = 4_000
"""And at most: to find more takes longer than to go around them."""
SPARE = 1.5
"""How many times as many are found as should do."""
IMAGES_A_CANDIDATE = 1_000
"""A walk keeps one candidate in view for so many images: in a larger graph it ends in a wrong
corner more often."""
NARROW = 128
"""Candidates in view, at least."""
MARGIN = 16
"""Hits asked for beyond a page to see where its last ties end."""


@dataclass(frozen=True, eq=False)
class Direction:
    """Where to look.

    Args:
        vector: Unit vector (d,).
        filtered_by: It is that of the concepts that are filtered by, so what is near passes.
    """

    vector: Matrix
    filtered_by: bool = False


def places(
    engine: Engine, direction: Direction, passing: Filter, start: int, length: int
) -> list[Scored]:
    """Some places of the order of images by their cosine to a vector.

    Equals, such as copies of a photo, which an engine gives in any order, stand by id.

    Args:
        engine: Has the images.
        direction: Has the vector.
        passing: Which images.
        start: The first place.
        length: How many.

    Returns:
        Ids with their cosines, best first; fewer than `length` only where the order ends.
    """
    found: list[Scored] = []
    for nearest in _ways(engine, direction, passing, start + length):
        found = _found(engine, nearest, passing, start, length)
        if len(found) == length:
            break
    return found


def in_order(scored: Iterable[Scored]) -> list[Scored]:
    """Best first, equals by id."""
    return sorted(scored, key=lambda one: (-one[1], one[0]))


def _ways(engine: Engine, direction: Direction, passing: Filter, end: int) -> Iterator[Nearest]:
    """Ways to find the best `end` images that pass; the next where one finds too few."""
    vector, images, parts = direction.vector, engine.count(), conjuncts(passing)
    if images > FEW:
        width = max(NARROW, images // IMAGES_A_CANDIDATE)
        matches = engine.estimate(passing)
        if matches is None or not parts:
            yield Nearest(vector, width=width)
        elif matches > end and _listed(engine, parts) > SCANNED:
            among = AMONG
            if not direction.filtered_by:
                among = max(among, round(SPARE * (end + MARGIN) * images / matches))
            if among <= MOST_AMONG:
                yield Nearest(vector, width=among, among=among)
            yield Nearest(vector, width=width)
    yield Nearest(vector, exact=True)


def _listed(engine: Engine, parts: Sequence[Filter]) -> int:
    """What a scan looks at: each image on the shortest list, once for every list."""
    return len(parts) * min(engine.estimate(part) or 0 for part in parts)


def _found(
    engine: Engine, nearest: Nearest, passing: Filter, start: int, length: int
) -> list[Scored]:
    """What one way finds: all that equals the last place is seen, lest it is cut anywhere."""
    end = start + length
    limit = end + MARGIN
    while True:
        hits = engine.query(Query(nearest, passing, limit, with_payload=False))
        if len(hits) < limit or hits[-1].score < hits[end - 1].score:
            return in_order((hit.id, hit.score) for hit in hits)[start:end]
        limit *= 2
