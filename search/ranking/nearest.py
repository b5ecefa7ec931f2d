"""Nearest images along a vector that pass a filter, by the cheapest way the engine offers.

The engine keeps a list of images for each value that a filter names. There are four ways:

- *Scan a list.* Score every image on the shortest list. It misses nothing. It is cheap for a single
  list; where several parts of the filter must hold, each image on the shortest list is looked up in
  the others, which takes several times as long as its cosine.
- *Scan a list, filter after.* Score one list without looking anything up, and filter its nearest
  images. Along the direction of the very concepts that the filter names, most of them pass.
- *Walk the graph, filter after.* Where no list is short: find the nearest of all images (HNSW), and
  filter those.
- *Walk the graph around what fails.* A walk that sees only images that pass. Walks miss some.

A list of a concept can be replaced by its most probable images (champion lists: Manning, Raghavan
and Schütze 2008, section 7.1.3).
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
"""Number of images up to which there is no graph to walk."""

# Costs of one image each, unless said otherwise. The unit is the time to score an image on the only
# list of a filter with 8-bit vectors, about 0.05 µs.
CHECKED = 10
"""Cost of an image on the shortest list if it must be looked up in other lists."""
FOUND = 40
"""Cost of an image that was found on a list and is filtered after."""
WALKED = 120
"""Cost of an image that was found by a walk and is filtered after."""
AROUND = 400_000
"""Cost of a walk around what fails, whatever its length."""
ORIGINAL = 4
"""How many times as much a scan costs with original vectors instead of 8-bit ones."""

AMONG = 500
"""Minimum number of images that are found first and filtered after."""
MOST_WALKED = 4_000
"""Maximum of the same for a walk, whose cost grows faster than their number."""
PLENTY = 1_000
"""Number of images that must be expected to pass before a list is cut to its most probable ones."""
SPARE = 1.25
"""Factor by which more images are found than should be needed."""
ENOUGH = 300
"""Estimated number of matches above which the nearest images can be trusted to contain some. Below,
what is near to several concepts at once may show none of them."""
IMAGES_A_CANDIDATE = 1_000
"""A walk keeps one candidate for so many images: in a larger graph it is misled more often."""
NARROW = 128
"""Minimum number of candidates that a walk keeps (HNSW's `ef`)."""
MARGIN = 16
"""Hits requested beyond a page, to see where its last ties end."""


@dataclass(frozen=True, eq=False)
class Direction:
    """A vector, and how it is related to the parts of a filter.

    Args:
        vector: Unit vector (d,).
        despite: The part of the filter that is unrelated to the vector: images near the vector pass
            it no more often than others. None if the whole filter is unrelated.
        strongest: For some parts of the filter, a narrower filter that passes the images with most
            of what the vector points to.
    """

    vector: Matrix
    despite: Filter | None = None
    strongest: Mapping[Filter, Filter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Way:
    """One way to find the nearest images.

    Args:
        nearest: The ranking to request.
        passing: The part of the filter that the ranking does not contain.
        cost: Expected cost; the unit is given above.
    """

    nearest: Nearest
    passing: Filter
    cost: float = 0


def places(
    engine: Engine, direction: Direction, passing: Filter, start: int, length: int
) -> list[Scored]:
    """A page of the images that pass a filter, ordered by their cosine to a vector.

    Images with equal cosines, such as copies of a photo, are ordered by id.

    Args:
        engine: Engine of the index.
        direction: The vector.
        passing: The filter.
        start: Rank of the first image of the page, from 0.
        length: Number of images.

    Returns:
        Ids with their cosines, best first. There are fewer than `length` only at the end.
    """
    passing, excluded = _without_ids(passing)
    end = start + length
    found: list[Scored] = []
    for way in _ways(engine, direction, passing, end):
        found = _found(engine, way, excluded, end)
        if len(found) == end:
            break
    return found[start:]


def in_order(scored: Iterable[Scored]) -> list[Scored]:
    """Sort by score, best first; equal scores by id."""
    return sorted(scored, key=lambda one: (-one[1], one[0]))


def _ways(engine: Engine, direction: Direction, passing: Filter, end: int) -> list[Way]:
    """Ways to find the best `end` images that pass, cheapest first. The last one finds all."""
    vector, images = direction.vector, engine.count()
    parts = conjuncts(passing)
    exact = Way(Nearest(vector, exact=True), passing)
    if images <= FEW:
        return [exact]
    width = max(NARROW, images // IMAGES_A_CANDIDATE)
    around = Way(Nearest(vector, width=width), passing, AROUND)
    if engine.plans_searches or not parts:
        return [around, exact]
    denied = [part for part in parts if isinstance(part, Not)]
    lists = {part: _length(engine, part) for part in parts if part not in denied}
    matches = engine.estimate(passing)
    filter_after = matches > max(ENOUGH, end)
    short = scanned(images)
    each = CHECKED if len(parts) > 1 else 1

    scanned_lists = _strongest(engine, direction, lists, matches, end)
    ways = [
        way
        for part, length in scanned_lists.items()
        if length < short
        for way in _list_ways(
            engine, direction, parts, end, part, length,
            rest=And(tuple(other for other in (*scanned_lists, *denied) if other != part)),
            each=each, filter_after=filter_after,
        )
    ]  # fmt: skip
    ways = sorted(ways, key=attrgetter("cost"))[:1]  # if it finds too few, so will the others
    shortest = min(lists.values(), default=images)
    if shortest < short:
        complete = Way(Nearest(vector, width=NARROW), passing, each * shortest)
    else:
        complete = replace(exact, cost=ORIGINAL * each * shortest)
        ways.append(around)
        among = _among(engine, direction, parts, end)
        if filter_after and among <= MOST_WALKED:
            near = Nearest(vector, width=among, among=among)
            ways.append(Way(near, passing, WALKED * among))
    cheaper = sorted((way for way in ways if way.cost < complete.cost), key=attrgetter("cost"))
    return [*cheaper, complete]


def _list_ways(
    engine: Engine,
    direction: Direction,
    parts: Sequence[Filter],
    end: int,
    part: Filter,
    length: int,
    *,
    rest: And,
    each: int,
    filter_after: bool,
) -> list[Way]:
    """The ways that scan one list.

    Args:
        engine: Engine of the index.
        direction: The vector.
        parts: The parts of the filter.
        end: Number of images wanted.
        part: The part of the filter whose list is scanned.
        length: Length of that list.
        rest: The other parts.
        each: Cost of each image on the list, if the rest is looked up at once.
        filter_after: Whether the rest may be filtered after instead.
    """
    near = Nearest(direction.vector, part, width=NARROW)
    ways = [Way(near, rest, each * length)]
    if filter_after and rest.parts:
        among = _among(engine, direction, parts, end, part)
        ways.append(Way(replace(near, among=among), rest, length + FOUND * among))
    return ways


def _strongest(
    engine: Engine, direction: Direction, lists: dict[Filter, int], matches: int, end: int
) -> dict[Filter, int]:
    """The lists with their lengths; one is replaced by its most probable images if they suffice.

    It is not replaced if too few of those are likely to pass the rest, or if several lists are
    related to the vector, because an image on all of them may have little of each. The number
    required is the same for all shallow pages, so that pages do not overlap.
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
    """Upper bound of the number of images that pass a filter."""
    return sum(engine.estimate(one) for one in disjuncts(part))


def _among(
    engine: Engine,
    direction: Direction,
    parts: Sequence[Filter],
    end: int,
    on: Filter | None = None,
) -> int:
    """How many nearest images, of a list or of all, are needed for `end` of them to pass."""
    despite = parts if direction.despite is None else conjuncts(direction.despite)
    unrelated = And(tuple(part for part in despite if part != on))
    unlikely = engine.count() / max(1, engine.estimate(unrelated))
    return max(AMONG, round(SPARE * (end + MARGIN) * unlikely))


def _without_ids(passing: Filter) -> tuple[Filter, frozenset[str]]:
    """The filter without the ids that it excludes, and those ids: the rest may be a single list."""
    rest: list[Filter] = []
    excluded: set[str] = set()
    for part in conjuncts(passing):
        if isinstance(part, Not) and isinstance(part.part, HasId):
            excluded |= set(part.part.ids)
        else:
            rest.append(part)
    return And(tuple(rest)), frozenset(excluded)


def _found(engine: Engine, way: Way, excluded: frozenset[str], end: int) -> list[Scored]:
    """The first `end` images that one way finds, without the excluded ones.

    All images that tie with the last one are fetched, because the engine may cut among ties.
    """
    limit = end + len(excluded) + MARGIN
    while True:
        hits = engine.query(Query(way.nearest, way.passing, limit, with_payload=False))
        found = in_order((hit.id, hit.score) for hit in hits if hit.id not in excluded)
        if len(hits) < limit or hits[-1].score < found[end - 1][1]:
            return found[:end]
        limit *= 2
