"""`compare`: the concepts in which two subsets differ (SpLiCE paper, section 6.1 and figure 4).

`statistics/evidence.py` says when a subset has more of a concept than the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from splicedex.indexer.engines.query import Match, Not
from splicedex.indexer.payload.concept_counts import Counts
from splicedex.indexer.payload.shows import is_shown
from splicedex.search.curation.concepts.lines import lines
from splicedex.search.curation.concepts.meaning import Concepts, Meanings
from splicedex.search.curation.concepts.synonyms import query_for
from splicedex.search.curation.reports.comparison import Comparison, Difference
from splicedex.search.curation.statistics.contrast import Contrast, Order, contrast
from splicedex.search.curation.statistics.proportions import Floats
from splicedex.search.curation.statistics.significance import q_values
from splicedex.search.curation.subsets.checks import check_choice
from splicedex.search.curation.subsets.sides import Side, Sides, mean_of
from splicedex.search.curation.subsets.subset import (
    Subset,
    complement,
    examples,
    intersection,
    subset,
    values_of,
    without,
)
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
        order: Order by "share", the difference in share and the contrast, or by "odds", the odds
            ratio.
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
    named = _Names(searcher).of(*one.words, *two.words)
    pair = _Pair.of(searcher, (one, two), (counts, other_counts), (named, named), overlap)
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
        order: Order by "share", the difference in share and the contrast, or by "odds", the odds
            ratio.
        shown: Example images of each concept from each side.

    Raises:
        UserError: There is no such column, it has too few or too many values, or the query cannot
            be a subset.
    """
    check_choice("--order", order, get_args(Order))
    counts_of = searcher.index.counts.of
    whole = subset(searcher, query)
    total = counts_of(whole.filter)
    names = _Names(searcher)
    values = values_of(searcher, column, whole)
    by_any = names.of(*whole.words, *(value for value, _ in values))
    pairs = []
    for value, images in values:
        is_value = Match(column, (value,))
        inside = intersection(whole.filter, is_value)
        rest = intersection(whole.filter, Not(is_value))
        counts = counts_of(inside)
        subsets = (
            Subset(f"{column}:{value}", inside, images, whole.notes),
            Subset(f"NOT {column}:{value}", rest, whole.images - images),
        )
        # That the others show what their own values name is no news either.
        named = (names.of(*whole.words, value), by_any)
        pairs.append(_Pair.of(searcher, subsets, (counts, total - counts), named))
    return tuple(_compare_pairs(searcher, pairs, limit, order, shown))


class _Names:
    """Finds what words name.

    Args:
        searcher: A searcher of an open index.
    """

    def __init__(self, searcher: Searcher) -> None:
        index = searcher.index
        self._count = len(index.space.concepts)
        self._meanings = Meanings(index.space, index.lexicon, searcher.context.encode)

    def of(self, *words: str) -> Concepts:
        """The concepts that some words name in any form (c,)."""
        named = np.zeros(self._count, np.bool_)
        for word in words:
            named |= self._meanings.of(word).named
        return named


class _More:
    """What some images show more than others.

    Args:
        sides: The images, and the others.
        named: What is no news of them (c,).
    """

    def __init__(self, sides: Sides, named: Concepts) -> None:
        self.evidence = sides.evidence()
        self.tested: Concepts = self.evidence.testable & ~named

    def contrast(self) -> Contrast:
        """How often the images show each concept, and the others."""
        tables = self.evidence.tables
        return contrast(tables.hits, tables.count, tables.other_hits, tables.other_count)


@dataclass(frozen=True, eq=False)
class _Pair:
    """Two subsets without common images.

    Args:
        subsets: The subsets.
        more: What each of them has more of.
        overlap: Images that were in both.
    """

    subsets: tuple[Subset, Subset]
    more: tuple[_More, _More]
    overlap: int

    @classmethod
    def of(
        cls,
        searcher: Searcher,
        subsets: tuple[Subset, Subset],
        counts: tuple[Counts, Counts],
        named: tuple[Concepts, Concepts],
        overlap: int = 0,
    ) -> _Pair:
        """Compare two subsets, given the images of each concept in them, and what is no news."""
        index = searcher.index
        one, other = (
            Side(each.filter, shown, mean_of(index, each.filter, each.images))
            for each, shown in zip(subsets, counts, strict=True)
        )
        sides = Sides(index, one, other)
        return cls(subsets, (_More(sides, named[0]), _More(sides.turned(), named[1])), overlap)


def _compare_pairs(
    searcher: Searcher, pairs: Sequence[_Pair], limit: int, order: Order, shown: int
) -> list[Comparison]:
    """Compare pairs of subsets, with one correction for all tests."""
    tested = np.array([[more.tested for more in pair.more] for pair in pairs])
    q = q_values(np.array([[more.evidence.p for more in pair.more] for pair in pairs]), tested)
    comparisons = []
    for row, pair in enumerate(pairs):
        first, second = pair.subsets
        found = _lines(searcher, pair, q[row], order)
        comparisons.append(
            Comparison(
                queries=(first.query, second.query),
                images=(first.images, second.images),
                overlap=pair.overlap,
                tested=int(tested[row].any(axis=0).sum()),
                significant=len(found),
                concepts=tuple(
                    _difference(searcher, pair, at, line, float(q[row, at, line[0]]), shown)
                    for at, line in found[:limit]
                ),
                notes=tuple(dict.fromkeys([*first.notes, *second.notes])),
            )
        )
    return comparisons


def _lines(searcher: Searcher, pair: _Pair, q: Floats, order: Order) -> list[tuple[int, list[int]]]:
    """What either subset has more of, most important first.

    Args:
        searcher: A searcher of an open index.
        pair: The subsets.
        q: The adjusted p-values of each (2, c).
        order: The order.

    Returns:
        The number of the subset (0 or 1), and a line of concepts.
    """
    index = searcher.index
    found = []
    for at, more in enumerate(pair.more):
        effect = more.contrast().log_odds.low if order == "odds" else more.evidence.score
        told = np.flatnonzero(more.tested & more.evidence.stands(q[at]))
        ordered = told[np.argsort(-effect[told], kind="stable")].tolist()
        found += [
            (-float(effect[line[0]]), at, line)
            for line in lines(index.space, index.lexicon, ordered)
        ]
    return [(at, line) for _, at, line in sorted(found)]


def _difference(
    searcher: Searcher, pair: _Pair, at: int, line: Sequence[int], q: float, shown: int
) -> Difference:
    """The numbers and the example images of a line, of which one subset (0 or 1) has more."""
    index, more, concept = searcher.index, pair.more[at], line[0]
    tables = more.evidence.tables if at == 0 else more.evidence.tables.turned()
    hits, other_hits = tables.hits[[concept]], tables.other_hits[[concept]]
    found = contrast(hits, tables.count, other_hits, tables.other_count)
    names = tuple(index.space.concepts[i] for i in line)
    first, second = (
        examples(index, intersection(each.filter, is_shown(concept)), shown, concept)
        for each in pair.subsets
    )
    return Difference(
        concept=names[0],
        family=names,
        query=query_for(names[0]),
        images=(int(hits[0]), int(other_hits[0])),
        shares=(found.shares[0][0], found.shares[1][0]),
        difference=found.difference[0],
        log_odds=found.log_odds[0],
        contrast=float(more.evidence.contrast[concept]),
        p=float(more.evidence.p[concept]),
        q=q,
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
