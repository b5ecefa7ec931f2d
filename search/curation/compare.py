"""Comparison: which concepts tell two subsets apart (paper, section 6.1 and figure 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.query import Match, Not
from splicedex.indexer.store.concept_counts import Counts
from splicedex.indexer.store.presence_payload import has
from splicedex.search.curation.statistics.contrast import (
    LEVEL,
    Contrast,
    Order,
    check_order,
    contrast,
)
from splicedex.search.curation.statistics.proportions import Interval
from splicedex.search.curation.statistics.significance import q_values
from splicedex.search.curation.subsets.families import Families, families, query_of
from splicedex.search.curation.subsets.subset import (
    Example,
    Subset,
    both,
    examples,
    outside,
    subset,
    values_of,
)
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError


@dataclass(frozen=True, slots=True)
class Difference:
    """A concept that one subset has more of than another.

    Args:
        concept: The commonest name of the thing.
        family: All its names, that one first.
        query: Finds the images that count, anywhere.
        images: In the first and in the second subset, exactly.
        shares: Of the first and of the second subset, with Wilson's intervals.
        difference: The first share less the second, with Newcombe's interval.
        log_odds: Logarithm of the odds ratio, first to second, with Woolf's interval.
        p: That both shares are one, by Fisher's exact test or Pearson's χ².
        q: The same after Benjamini and Hochberg, over every concept tested.
        examples: Images of the concept in the first and in the second subset.
    """

    concept: str
    family: tuple[str, ...]
    query: str
    images: tuple[int, int]
    shares: tuple[Interval, Interval]
    difference: Interval
    log_odds: Interval
    p: float
    q: float
    examples: tuple[tuple[Example, ...], tuple[Example, ...]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What tells two subsets apart, beside the concepts that the queries name.

    Args:
        queries: The two subsets.
        images: How many each has.
        overlap: Images in both, which count for the smaller alone.
        tested: Concepts compared.
        significant: How many of them differ at q < .05.
        concepts: Those that differ, largest effect first.
        notes: What words were taken to mean, where that is not obvious.
    """

    queries: tuple[str, str]
    images: tuple[int, int]
    overlap: int
    tested: int
    significant: int
    concepts: tuple[Difference, ...]
    notes: tuple[str, ...]


def compare(
    searcher: Searcher,
    first: str,
    second: str | None = None,
    limit: int = 20,
    order: Order = "share",
    shown: int = 3,
) -> Comparison:
    """Which concepts tell two subsets apart.

    Args:
        searcher: Of an open index.
        first: A query.
        second: Another; by default all that the first does not match.
        limit: At most this many concepts.
        order: By difference in share, or by odds ratio.
        shown: Example images of each concept from each subset.

    Raises:
        UserError: A query cannot be a subset, matches nothing, or both match the same images.
    """
    check_order(order)
    one = subset(searcher, first)
    if second is None:
        two, overlap = outside(searcher, one), 0
    else:
        one, two, overlap = _apart(searcher, one, subset(searcher, second))
    counts = searcher.index.counts.of(one.filter)
    if second is None:
        others = searcher.index.counts.of() - counts
    else:
        others = searcher.index.counts.of(two.filter)
    pair = _Pair((one, two), (counts, others), overlap)
    [compared] = _compared(searcher, [pair], limit, order, shown)
    return compared


def compare_by(
    searcher: Searcher,
    column: str,
    query: str = "",
    limit: int = 5,
    order: Order = "share",
    shown: int = 0,
) -> tuple[Comparison, ...]:
    """Each value of a column against all the others; q over all values and concepts together.

    Args:
        searcher: Of an open index.
        column: A text column of at most 100 values in the subset.
        query: The subset; empty for every image.
        limit: At most this many concepts a value.
        order: By difference in share, or by odds ratio.
        shown: Example images of each concept from each side.

    Raises:
        UserError: No such column, or too few or many values; the query cannot be a subset.
    """
    check_order(order)
    index = searcher.index
    whole = subset(searcher, query)
    total = index.counts.of(whole.filter)
    pairs = []
    for value, images in values_of(searcher, column, whole):
        is_value = Match(column, (value,))
        inside, rest = both(whole.filter, is_value), both(whole.filter, Not(is_value))
        counts = index.counts.of(inside)
        sides = (
            Subset(f"{column}:{value}", inside, images, whole.notes, whole.named),
            Subset(f"NOT {column}:{value}", rest, whole.images - images),
        )
        pairs.append(_Pair(sides, (counts, total - counts), 0))
    return tuple(_compared(searcher, pairs, limit, order, shown))


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two subsets with the images (c,) of each concept in them."""

    sides: tuple[Subset, Subset]
    counts: tuple[Counts, Counts]
    overlap: int

    def contrast(self, heads: NDArray[np.int64]) -> Contrast:
        """What the counts of some concepts say (g,)."""
        (first, second), (hits, others) = self.sides, self.counts
        return contrast(hits[heads], first.images, others[heads], second.images)

    def tested(self, heads: NDArray[np.int64], grouped: Families) -> NDArray[np.bool_]:
        """Whether each is there and not named by a query, which would decide it."""
        named = list(self.sides[0].named | self.sides[1].named)
        decided = np.isin(grouped.of[heads], grouped.of[named])
        tested: NDArray[np.bool_] = ~decided & (self.counts[0] + self.counts[1] > 0)[heads]
        return tested


def _compared(
    searcher: Searcher, pairs: Sequence[_Pair], limit: int, order: Order, shown: int
) -> list[Comparison]:
    """Compare pairs with one correction over all of them."""
    grouped = families(searcher.index.space)
    heads = [grouped.heads(pair.counts[0] + pair.counts[1]) for pair in pairs]
    found = [pair.contrast(some) for pair, some in zip(pairs, heads, strict=True)]
    there = np.array([pair.tested(some, grouped) for pair, some in zip(pairs, heads, strict=True)])
    q = np.ones(there.shape)
    q[there] = q_values(np.array([one.p for one in found])[there])
    made = []
    for row, pair in enumerate(pairs):
        first, second = pair.sides
        rows = tuple(
            _difference(searcher, pair, int(heads[row][g]), found[row], int(g), q[row, g], shown)
            for g in found[row].leading(q[row], order)[:limit]
        )
        made.append(
            Comparison(
                (first.query, second.query),
                (first.images, second.images),
                pair.overlap,
                int(there[row].sum()),
                int((q[row] < LEVEL).sum()),
                rows,
                tuple(dict.fromkeys([*first.notes, *second.notes])),
            )
        )
    return made


def _difference(
    searcher: Searcher, pair: _Pair, head: int, found: Contrast, row: int, q: float, shown: int
) -> Difference:
    index = searcher.index
    name = index.space.concepts[head]
    first, second = (
        examples(index, both(side.filter, has(head)), shown, head) if shown else ()
        for side in pair.sides
    )
    return Difference(
        name,
        families(index.space).names(head),
        query_of(name),
        (int(pair.counts[0][head]), int(pair.counts[1][head])),
        (found.shares[0][row], found.shares[1][row]),
        found.difference[row],
        found.log_odds[row],
        float(found.p[row]),
        float(q),
        (first, second),
    )


def _apart(searcher: Searcher, one: Subset, two: Subset) -> tuple[Subset, Subset, int]:
    """The two without what both match, which stays in the smaller, and how many images that is.

    Two samples that share images are not independent, and no test of them is valid.

    Raises:
        UserError: They are the same.
    """
    overlap = searcher.index.engine.count(both(one.filter, two.filter))
    if overlap == one.images == two.images:
        raise UserError("both queries match the same images", "compare two that differ")
    if overlap and one.images <= two.images:
        two = _less(two, one, overlap)
    elif overlap:
        one = _less(one, two, overlap)
    return one, two, overlap


def _less(larger: Subset, smaller: Subset, overlap: int) -> Subset:
    assert smaller.filter is not None
    kept = both(larger.filter, Not(smaller.filter))
    query = f"({larger.query}) NOT ({smaller.query})"
    return replace(larger, query=query, filter=kept, images=larger.images - overlap)
