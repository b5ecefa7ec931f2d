"""`compare`: the concepts in which two subsets differ (SpLiCE paper, section 6.1 and figure 4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.query import Match, Not
from splicedex.indexer.payload.concept_counts import Counts
from splicedex.indexer.payload.shows import is_shown
from splicedex.search.curation.reports.comparison import Comparison, Difference
from splicedex.search.curation.statistics.contrast import LEVEL, Contrast, Order, contrast
from splicedex.search.curation.statistics.significance import q_values
from splicedex.search.curation.subsets.checks import check_choice
from splicedex.search.curation.subsets.subset import (
    Subset,
    complement,
    examples,
    intersection,
    subset,
    values_of,
    without,
)
from splicedex.search.curation.subsets.synonyms import SynonymGroups, query_for, synonym_groups
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError


def compare(
    searcher: Searcher,
    first: str,
    second: str | None = None,
    limit: int = 20,
    order: Order = "share",
    shown: int = 3,
) -> Comparison:
    """The concepts in which two subsets differ.

    Args:
        searcher: A searcher of an open index.
        first: The query of the first subset.
        second: The query of the second; by default all images that the first does not match.
        limit: At most this many concepts.
        order: Order by "share", the difference in share, or by "odds", the odds ratio.
        shown: Example images of each concept from each subset.

    Raises:
        UserError: A query cannot be a subset or matches nothing, or both match the same images.
    """
    check_choice("--order", order, get_args(Order))
    counts_of = searcher.index.counts.of
    one = subset(searcher, first)
    if second is None:
        two, overlap = complement(searcher, one), 0
        counts = counts_of(one.filter)
        other_counts = counts_of() - counts
    else:
        one, two, overlap = _make_disjoint(searcher, one, subset(searcher, second))
        counts, other_counts = counts_of(one.filter), counts_of(two.filter)
    pair = _Pair((one, two), (counts, other_counts), overlap)
    [comparison] = _compare_pairs(searcher, [pair], limit, order, shown)
    return comparison


def compare_by(
    searcher: Searcher,
    column: str,
    query: str = "",
    limit: int = 5,
    order: Order = "share",
    shown: int = 0,
) -> tuple[Comparison, ...]:
    """Compare each value of a column with all others; q counts all values and concepts as tests.

    Args:
        searcher: A searcher of an open index.
        column: A text column with at most 100 values in the subset.
        query: The query of the subset; empty for every image.
        limit: At most this many concepts for each value.
        order: Order by "share", the difference in share, or by "odds", the odds ratio.
        shown: Example images of each concept from each side.

    Raises:
        UserError: There is no such column, it has too few or too many values, or the query cannot
            be a subset.
    """
    check_choice("--order", order, get_args(Order))
    counts_of = searcher.index.counts.of
    whole = subset(searcher, query)
    total = counts_of(whole.filter)
    pairs = []
    for value, images in values_of(searcher, column, whole):
        is_value = Match(column, (value,))
        inside = intersection(whole.filter, is_value)
        rest = intersection(whole.filter, Not(is_value))
        counts = counts_of(inside)
        sides = (
            Subset(f"{column}:{value}", inside, images, whole.notes, whole.named),
            Subset(f"NOT {column}:{value}", rest, whole.images - images),
        )
        pairs.append(_Pair(sides, (counts, total - counts), 0))
    return tuple(_compare_pairs(searcher, pairs, limit, order, shown))


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two subsets without common images, and the images (c,) of each concept in them."""

    sides: tuple[Subset, Subset]
    counts: tuple[Counts, Counts]
    overlap: int

    def heads(self, groups: SynonymGroups) -> NDArray[np.int64]:
        """The most frequent concept of each synonym group (g,)."""
        return groups.heads(self.counts[0] + self.counts[1])

    def contrast(self, heads: NDArray[np.int64]) -> Contrast:
        """How the two differ in some concepts (g,)."""
        (first, second), (counts, other_counts) = self.sides, self.counts
        return contrast(counts[heads], first.images, other_counts[heads], second.images)

    def tested(self, heads: NDArray[np.int64], groups: SynonymGroups) -> NDArray[np.bool_]:
        """Which of some concepts (g,) occur and are not named by a query, which decides them."""
        named = list(self.sides[0].named | self.sides[1].named)
        decided = np.isin(groups.of[heads], groups.of[named])
        tested: NDArray[np.bool_] = ~decided & (self.counts[0] + self.counts[1] > 0)[heads]
        return tested


def _compare_pairs(
    searcher: Searcher, pairs: Sequence[_Pair], limit: int, order: Order, shown: int
) -> list[Comparison]:
    """Compare pairs of subsets, with one correction for all tests."""
    groups = synonym_groups(searcher.index.space)
    heads = [pair.heads(groups) for pair in pairs]
    contrasts = [pair.contrast(some) for pair, some in zip(pairs, heads, strict=True)]
    tested = np.array([pair.tested(some, groups) for pair, some in zip(pairs, heads, strict=True)])
    q = q_values(np.array([one.p for one in contrasts]), tested)
    comparisons = []
    for row, (pair, contrasted) in enumerate(zip(pairs, contrasts, strict=True)):
        first, second = pair.sides
        differences = tuple(
            _difference(searcher, pair, int(heads[row][g]), contrasted, int(g), q[row, g], shown)
            for g in contrasted.leading(q[row], order)[:limit]
        )
        comparisons.append(
            Comparison(
                queries=(first.query, second.query),
                images=(first.images, second.images),
                overlap=pair.overlap,
                tested=int(tested[row].sum()),
                significant=int((q[row] < LEVEL).sum()),
                concepts=differences,
                notes=tuple(dict.fromkeys([*first.notes, *second.notes])),
            )
        )
    return comparisons


def _difference(
    searcher: Searcher, pair: _Pair, head: int, found: Contrast, row: int, q: float, shown: int
) -> Difference:
    """The numbers and the example images of one concept, which is `row` of the contrast."""
    index = searcher.index
    name = index.space.concepts[head]
    first, second = (
        examples(index, intersection(side.filter, is_shown(head)), shown, head)
        for side in pair.sides
    )
    return Difference(
        concept=name,
        family=synonym_groups(index.space).names(head),
        query=query_for(name),
        images=(int(pair.counts[0][head]), int(pair.counts[1][head])),
        shares=(found.shares[0][row], found.shares[1][row]),
        difference=found.difference[row],
        log_odds=found.log_odds[row],
        p=float(found.p[row]),
        q=float(q),
        examples=(first, second),
    )


def _make_disjoint(searcher: Searcher, one: Subset, two: Subset) -> tuple[Subset, Subset, int]:
    """Leave the images of both subsets in the smaller only; also returns how many they are.

    Two samples that share images are not independent, and no test of them is valid.

    Raises:
        UserError: Both subsets are the same.
    """
    overlap = searcher.index.engine.count(intersection(one.filter, two.filter))
    if overlap == one.images == two.images:
        raise UserError("both queries match the same images", "compare two that differ")
    if overlap and one.images <= two.images:
        two = without(two, one, overlap)
    elif overlap:
        one = without(one, two, overlap)
    return one, two, overlap
