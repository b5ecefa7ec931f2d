"""The images along a vector that pass a filter, by whichever of the engine's ways is cheapest.

A scan of what passes misses nothing, and costs what the filter's lists are long. A walk of the
graph to what lies nearest of all, filtered in the end, misses little where much of what is near
passes: as along the direction of the very concepts that are filtered by. A walk that goes around
all that fails is for the rest; it misses more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from indexer.engine import Engine
from indexer.query import And, Filter, HasId, Nearest, Not, Query, conjuncts
from splice.align import Matrix

Scored: TypeAlias = tuple[str, float]
"""A point id and its score."""

FEW = 20_000
"""Images up to which there is no graph to walk."""

# Costs, in what a scan takes for an image on the only list of a filter: .2 µs, among a million.
CHECKED = 2
"""Of an image on the shortest list, where others have to be looked up."""
FOUND = 25
"""Of an image that a walk finds to be filtered in the end."""
AROUND = 100_000
"""Of a walk around what fails."""

AMONG = 500
"""Images found to be filtered in the end, at least, for each thing that must be there."""
MOST_AMONG = 4_000
"""And at most: the cost grows faster than their number."""
SPARE = 1.5
"""How many times as many are found as should do."""
ENOUGH = 1_000
"""Matches that several concepts must have by estimate, lest what is near to all has none of one."""
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
        despite: What of the filter has nothing to do with the vector: images near it pass that no
            more often than others. None for all of it.
    """

    vector: Matrix
    despite: Filter | None = None


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
    passing, spared = _without_ids(passing)
    end = start + length
    found: list[Scored] = []
    for nearest in _ways(engine, direction, passing, end):
        found = _found(engine, nearest, passing, spared, end)
        if len(found) == end:
            break
    return found[start:]


def in_order(scored: Iterable[Scored]) -> list[Scored]:
    """Best first, equals by id."""
    return sorted(scored, key=lambda one: (-one[1], one[0]))


def _ways(engine: Engine, direction: Direction, passing: Filter, end: int) -> list[Nearest]:
    """Ways to find the best `end` images that pass, cheapest first; the scan is the last."""
    vector, images = direction.vector, engine.count()
    parts = conjuncts(passing)
    scan = Nearest(vector, exact=True)
    if images <= FEW:
        return [scan]
    around = Nearest(vector, width=max(NARROW, images // IMAGES_A_CANDIDATE))
    matches = engine.estimate(passing)
    if matches is None or not parts:
        return [around, scan]
    costs = [(_scanning(engine, parts), scan), (AROUND, around)]
    despite = passing if direction.despite is None else direction.despite
    unlikely = images / max(1, engine.estimate(despite) or 0)
    things = max(1, sum(not isinstance(part, Not) for part in parts))
    among = max(AMONG * things, round(SPARE * (end + MARGIN) * unlikely))
    if among <= MOST_AMONG and matches > max(ENOUGH, end):
        costs.append((FOUND * among, Nearest(vector, width=among, among=among)))
    ordered = [way for _, way in sorted(costs, key=lambda cost: cost[0])]
    return ordered[: ordered.index(scan) + 1]


def _scanning(engine: Engine, parts: Sequence[Filter]) -> int:
    """What it costs to scan what is on all lists."""
    shortest = min(engine.estimate(part) or 0 for part in parts)
    return shortest if len(parts) == 1 else CHECKED * shortest


def _without_ids(passing: Filter) -> tuple[Filter, frozenset[str]]:
    """A filter, and the ids that it spared: alone, the rest may be one list, scanned at once."""
    rest: list[Filter] = []
    spared: set[str] = set()
    for part in conjuncts(passing):
        if isinstance(part, Not) and isinstance(part.part, HasId):
            spared |= set(part.part.ids)
        else:
            rest.append(part)
    return And(tuple(rest)), frozenset(spared)


def _found(
    engine: Engine, nearest: Nearest, passing: Filter, spared: frozenset[str], end: int
) -> list[Scored]:
    """The first `end` images that one way finds, none of those spared.

    All that equals the last of them is looked at, as an engine may cut among equals anywhere.
    """
    limit = end + len(spared) + MARGIN
    while True:
        hits = engine.query(Query(nearest, passing, limit, with_payload=False))
        found = in_order((hit.id, hit.score) for hit in hits if hit.id not in spared)
        if len(hits) < limit or hits[-1].score < found[end - 1][1]:
            return found[:end]
        limit *= 2
