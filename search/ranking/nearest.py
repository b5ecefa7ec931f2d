"""The images along a vector that pass a filter, by whichever of the engine's ways is cheapest.

A filter that names something has a list of the images that have it. A scan of all that passes
misses nothing; along a single list it costs little, but where several parts must hold each image on
the shortest list is looked up in the others, which takes several times as long as its cosine. Then
it is cheaper to scan one list, and to filter what lies nearest on it: along the direction of the
very concepts that are filtered by, most of that passes. Of a list that is known by strength the
strongest will do (champion lists: Manning, Raghavan and Schütze 2008, section 7.1.3). Where no list
is short there is the graph: a walk to what lies nearest of all, filtered in the end, or one that
goes around all that fails. Walks miss some.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import TypeAlias

from splicedex.indexer.engines.base import Engine, scanned
from splicedex.indexer.engines.query import (
    And,
    Filter,
    HasId,
    Nearest,
    Not,
    Query,
    conjuncts,
    disjuncts,
)
from splicedex.splice.align import Matrix

Scored: TypeAlias = tuple[str, float]
"""A point id and its score."""

FEW = 20_000
"""Images up to which there is no graph to walk."""

# Costs, in what an image on the only list of a filter takes: .05 µs, by bytes.
CHECKED = 10
"""Of an image on the shortest list, where others have to be looked up."""
FOUND = 40
"""Of an image found on a list to be filtered in the end."""
WALKED = 120
"""Of one found by a walk."""
AROUND = 400_000
"""Of a walk around what fails."""
ORIGINAL = 4
"""How many times as much a scan takes that is not by bytes."""

AMONG = 500
"""Images found to be filtered in the end, at least."""
MOST_WALKED = 4_000
"""And at most by a walk: its cost grows faster than their number."""
PLENTY = 1_000
"""Images that should pass, at least, where only the strongest of a list are looked at."""
SPARE = 1.25
"""How many times as many are found as should do."""
ENOUGH = 300
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
        strongest: For parts of the filter, the images that have most of what the vector points to.
    """

    vector: Matrix
    despite: Filter | None = None
    strongest: Mapping[Filter, Filter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Way:
    """A way to find the nearest.

    Args:
        nearest: What to ask for.
        passing: What of the filter is not in there.
        cost: In what an image on an only list takes.
    """

    nearest: Nearest
    passing: Filter
    cost: float = 0


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
    for way in _ways(engine, direction, passing, end):
        found = _found(engine, way, spared, end)
        if len(found) == end:
            break
    return found[start:]


def in_order(scored: Iterable[Scored]) -> list[Scored]:
    """Best first, equals by id."""
    return sorted(scored, key=lambda one: (-one[1], one[0]))


def _ways(engine: Engine, direction: Direction, passing: Filter, end: int) -> list[Way]:
    """Ways to find the best `end` images that pass, cheapest first; a complete one is the last."""
    vector, images = direction.vector, engine.count()
    parts = conjuncts(passing)
    exact = Way(Nearest(vector, exact=True), passing)
    if images <= FEW:
        return [exact]
    width = max(NARROW, images // IMAGES_A_CANDIDATE)
    around = Way(Nearest(vector, width=width), passing, AROUND)
    if engine.plans_searches or not parts:
        return [around, exact]
    matches = engine.estimate(passing)
    denied = [part for part in parts if isinstance(part, Not)]
    lists = {part: _length(engine, part) for part in parts if part not in denied}
    whole, few = min(lists.values(), default=images), scanned(images)
    each = CHECKED if len(parts) > 1 else 1
    # Where some pass, but fewer than seem to, what is near to all parts may have none of one.
    likely = matches > max(ENOUGH, end)
    ways: list[Way] = []
    looked_at = _strongest(engine, direction, lists, matches, end)
    for part, length in looked_at.items():
        if length < few:
            rest = And(tuple(other for other in (*looked_at, *denied) if other != part))
            near = Nearest(vector, part, width=NARROW)
            ways.append(Way(near, rest, each * length))
            if likely and rest.parts:
                among = _among(engine, direction, parts, end, part)
                ways.append(Way(replace(near, among=among), rest, length + FOUND * among))
    ways = sorted(ways, key=attrgetter("cost"))[:1]  # if it finds too few, so will the others
    if whole < few:
        complete = Way(Nearest(vector, width=NARROW), passing, each * whole)
    else:
        complete = replace(exact, cost=ORIGINAL * each * whole)
        ways.append(around)
        among = _among(engine, direction, parts, end)
        if likely and among <= MOST_WALKED:
            near = Nearest(vector, width=among, among=among)
            ways.append(Way(near, passing, WALKED * among))
    cheaper = sorted((way for way in ways if way.cost < complete.cost), key=attrgetter("cost"))
    return [*cheaper, complete]


def _strongest(
    engine: Engine, direction: Direction, lists: dict[Filter, int], matches: int, end: int
) -> dict[Filter, int]:
    """Lists with their lengths, with the strongest of one in its place where that should do.

    Not if too few of them are likely to pass the rest, nor where several have to do with the
    vector: what is on all may have little of each. How many that is does not depend on shallow
    depths, lest pages overlap.
    """
    despite = conjuncts(direction.despite or And(()))
    along = [part for part in lists if part not in despite]
    if len(along) != 1 or along[0] not in direction.strongest:
        return lists
    part, strongest = along[0], direction.strongest[along[0]]
    length = _length(engine, strongest)
    if matches * length / max(1, lists[part]) < max(PLENTY, 2 * end):
        return lists
    return {one: many for one, many in lists.items() if one != part} | {strongest: length}


def _length(engine: Engine, part: Filter) -> int:
    """How many images a filter passes at most."""
    return sum(engine.estimate(one) for one in disjuncts(part))


def _among(
    engine: Engine,
    direction: Direction,
    parts: Sequence[Filter],
    end: int,
    on: Filter | None = None,
) -> int:
    """How many of the nearest, on a list or of all, should do for `end` of them to pass."""
    despite = parts if direction.despite is None else conjuncts(direction.despite)
    unrelated = And(tuple(part for part in despite if part != on))
    unlikely = engine.count() / max(1, engine.estimate(unrelated))
    return max(AMONG, round(SPARE * (end + MARGIN) * unlikely))


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


def _found(engine: Engine, way: Way, spared: frozenset[str], end: int) -> list[Scored]:
    """The first `end` images that one way finds, none of those spared.

    All that equals the last of them is looked at, as an engine may cut among equals anywhere.
    """
    limit = end + len(spared) + MARGIN
    while True:
        hits = engine.query(Query(way.nearest, way.passing, limit, with_payload=False))
        found = in_order((hit.id, hit.score) for hit in hits if hit.id not in spared)
        if len(hits) < limit or hits[-1].score < found[end - 1][1]:
            return found[:end]
        limit *= 2
