"""Methods to find the images nearest to a vector that pass a filter, and what each costs.

The embedded engine has, for every part of a filter, a list of the images that pass it. Four methods
find the nearest images that pass all parts:

1. Scan a list: compare every image of one list with the vector. With several parts, look up each
   image of the shortest list in the others. It misses nothing.
2. Scan a list, then filter: find the nearest images of one list, and filter only those by the other
   parts. It is cheaper than looking up the whole list, and most of the nearest images pass where
   the vector is the direction of the filtered concepts. It may find too few.
3. Walk the graph, then filter: the same with the nearest of all images.
4. Filtered walk: a walk of the graph that goes around the images that fail. It may miss some.

If the filter has a list ordered by presence probability, 1. and 2. can use its head only (champion
lists: Manning, Raghavan and Schütze 2008, "Introduction to Information Retrieval", section 7.1.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from splicedex.indexer.engines.base import Engine, scanned
from splicedex.indexer.engines.query import And, Filter, Nearest, Not, conjuncts, disjuncts
from splicedex.splice.align import Matrix

FEW = 20_000
"""Largest number of images without a graph: the engine scans them all."""
MIN_CANDIDATES = 500
"""Fewest images that are found before the rest of the filter applies."""
MAX_WALKED = 4_000
"""Most images that one walk may find: the cost of a walk grows faster than their number."""
MIN_CONFIDENT = 1_000
"""Fewest images that should pass for the head of a list to replace the list."""
SAFETY = 1.25
"""Found images per image that should suffice, because estimates are inexact."""
MIN_MATCHES = 300
"""Fewest estimated matches for a filter after the search. Estimates assume that the parts of a
filter are independent. With fewer matches, the images nearest to the vector may all fail."""
IMAGES_PER_CANDIDATE = 1_000
"""Images of the index per candidate of a walk. In a larger graph a walk with the same number of
candidates ends in a local optimum more often."""
MIN_WIDTH = 128
"""Fewest candidates of a walk (HNSW's `ef`)."""
MARGIN = 16
"""Images found beyond the page, to see where the last ties end."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Time per step of a search in the embedded engine, in nanoseconds of one core.

    Only the ratios matter. `scan` and `lookup` are from `python -m benchmarks.query` with a million
    images of 512 dimensions (docs/performance.md, "How cost grows"): 50 ns, and 200 to 600 ns.
    `float_factor` is a ratio of bytes. The other three are rough values, not measured separately.

    Args:
        scan: Compare an image of a list with the vector, as 8-bit integers.
        lookup: The same, and look the image up in the lists of the other parts.
        filter_found: Compare a found image with the original vector and filter it.
        walk: Find, compare and filter an image by a walk of the graph.
        filtered_walk: A whole walk that goes around the images that fail.
        float_factor: Factor of a scan of the original vectors: 4 bytes per number instead of 1.
    """

    scan: int = 50
    lookup: int = 500
    filter_found: int = 2_000
    walk: int = 6_000
    filtered_walk: int = 20_000_000
    float_factor: int = 4

    def scan_list(self, length: int, parts: int) -> int:
        """The cost to scan a list of `length` images for a filter of several parts."""
        return length * (self.lookup if parts > 1 else self.scan)

    def scan_then_filter(self, length: int, candidates: int) -> int:
        """The cost to scan a list of `length` images and filter the nearest `candidates`."""
        return length * self.scan + candidates * self.filter_found


COSTS = Costs()


@dataclass(frozen=True, eq=False)
class Direction:
    """A vector to search along, and how a filter relates to it.

    Args:
        vector: Unit vector (d,).
        independent: The parts of the filter that do not depend on the vector: images near the
            vector pass them as often as any others. None means all parts.
        confident: For parts of the filter, a stricter filter: the head of the part's list, with the
            images that have most of what the vector points to.
    """

    vector: Matrix
    independent: Filter | None = None
    confident: Mapping[Filter, Filter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Method:
    """A method to find the nearest images that pass a filter.

    Args:
        nearest: The ranking for the engine.
        passing: The parts of the filter that the ranking does not contain.
        cost: Estimated time in nanoseconds.
    """

    nearest: Nearest
    passing: Filter
    cost: int = 0


def methods(engine: Engine, direction: Direction, passing: Filter, end: int) -> list[Method]:
    """Return the methods to try in turn until one finds enough images: cheapest first.

    The last method is a scan, which misses nothing. More expensive ones are left out.

    Args:
        engine: Open engine.
        direction: The vector, and how the filter relates to it.
        passing: The filter.
        end: Number of images to find.
    """
    vector, images, parts = direction.vector, engine.count(), conjuncts(passing)
    exact = Method(Nearest(vector, exact=True), passing)
    if images <= FEW:
        return [exact]
    width = max(MIN_WIDTH, images // IMAGES_PER_CANDIDATE)
    filtered_walk = Method(Nearest(vector, width=width), passing, COSTS.filtered_walk)
    if engine.plans_searches or not parts:
        return [filtered_walk, exact]
    matches = engine.estimate(passing)
    lists: dict[Filter, int] = {
        part: _length(engine, part) for part in parts if not isinstance(part, Not)
    }
    shortest = min(lists.values(), default=images)
    options = _list_scans(engine, direction, parts, lists, matches, end)
    if shortest < scanned(images):
        scan = Method(
            Nearest(vector, width=MIN_WIDTH), passing, COSTS.scan_list(shortest, len(parts))
        )
        return _cheapest_first(options, scan)
    options.append(filtered_walk)
    candidates = _candidates(engine, direction, parts, end)
    if matches > max(MIN_MATCHES, end) and candidates <= MAX_WALKED:
        walk = Nearest(vector, width=candidates, among=candidates)
        options.append(Method(walk, passing, COSTS.walk * candidates))
    cost = COSTS.float_factor * COSTS.scan_list(shortest, len(parts))
    return _cheapest_first(options, replace(exact, cost=cost))


def _cheapest_first(options: Sequence[Method], complete: Method) -> list[Method]:
    """The methods that cost less than the complete one, by cost, and then the complete one."""
    cheaper = [method for method in options if method.cost < complete.cost]
    return [*sorted(cheaper, key=attrgetter("cost")), complete]


def _list_scans(
    engine: Engine,
    direction: Direction,
    parts: Sequence[Filter],
    lists: Mapping[Filter, int],
    matches: int,
    end: int,
) -> list[Method]:
    """The cheapest scan of a single list, filtered by the other parts; empty if none is short.

    If it finds too few images, scans of the other lists will too: one is enough.

    Args:
        engine: Open engine.
        direction: The vector, and how the filter relates to it.
        parts: All parts of the filter.
        lists: The parts that have a list, with its length.
        matches: Estimated number of images that pass all parts.
        end: Number of images to find.
    """
    lists = _with_confident(engine, direction, lists, matches, end)
    denied = [part for part in parts if isinstance(part, Not)]
    found: list[Method] = []
    for part, length in lists.items():
        if length >= scanned(engine.count()):
            continue
        rest = And(tuple(other for other in (*lists, *denied) if other != part))
        scan = Nearest(direction.vector, part, width=MIN_WIDTH)
        found.append(Method(scan, rest, COSTS.scan_list(length, len(parts))))
        if rest.parts and matches > max(MIN_MATCHES, end):
            candidates = _candidates(engine, direction, parts, end, part)
            cost = COSTS.scan_then_filter(length, candidates)
            found.append(Method(replace(scan, among=candidates), rest, cost))
    return sorted(found, key=attrgetter("cost"))[:1]


def _with_confident(
    engine: Engine, direction: Direction, lists: Mapping[Filter, int], matches: int, end: int
) -> Mapping[Filter, int]:
    """The lists with their lengths; one is replaced by its head if that should suffice.

    It does not suffice if too few images of the head are likely to pass the other parts, or if the
    vector depends on several parts: images that have all of them may have little of each. For
    shallow pages the limit does not depend on the depth, so that pages do not overlap.
    """
    independent = conjuncts(direction.independent or And(()))
    dependent = [part for part in lists if part not in independent]
    if len(dependent) != 1 or dependent[0] not in direction.confident:
        return lists
    part, head = dependent[0], direction.confident[dependent[0]]
    length = _length(engine, head)
    if matches * length / max(1, lists[part]) < max(MIN_CONFIDENT, 2 * end):
        return lists
    return {one: many for one, many in lists.items() if one != part} | {head: length}


def _length(engine: Engine, part: Filter) -> int:
    """The number of images that pass a part of a filter, at most."""
    return sum(engine.estimate(one) for one in disjuncts(part))


def _candidates(
    engine: Engine,
    direction: Direction,
    parts: Sequence[Filter],
    end: int,
    scanned_part: Filter | None = None,
) -> int:
    """How many nearest images to find so that `end` of them are likely to pass the filter.

    Args:
        engine: Open engine.
        direction: The vector, and how the filter relates to it.
        parts: All parts of the filter.
        end: Number of images to find.
        scanned_part: The part whose list is searched; None to search all images.
    """
    independent = parts if direction.independent is None else conjuncts(direction.independent)
    others = And(tuple(part for part in independent if part != scanned_part))
    found_per_pass = engine.count() / max(1, engine.estimate(others))
    return max(MIN_CANDIDATES, round(SAFETY * (end + MARGIN) * found_per_pass))
