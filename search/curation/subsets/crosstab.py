"""Cross tables: the images of each label in one part of an index, and those of the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from splicedex.indexer.engines.query import Match, Not
from splicedex.search.curation.subsets.sides import Side, Sides, mean_of, together
from splicedex.search.curation.subsets.subset import Subset, intersection
from splicedex.search.searcher import Searcher


class CrossTable:
    """The images of each label in one part of an index.

    Args:
        searcher: A searcher of an open index.
        column: The column of labels.
        values: The labels.
        part: The part of the index.
        on_step: Called when the images of a label have been counted.
    """

    def __init__(
        self,
        searcher: Searcher,
        column: str,
        values: Sequence[str],
        part: Subset,
        on_step: Callable[[], None],
    ) -> None:
        self._index, self._column, self._part = searcher.index, column, part
        self.values = values
        self.total = searcher.index.counts.of(part.filter)
        self._sides = [self._side(value, on_step) for value in values]
        unlabelled = part.images - sum(one.mean.images for one in self._sides)
        none = intersection(part.filter, *(Not(Match(column, (value,))) for value in values))
        self._unlabelled = [mean_of(self._index, none, unlabelled)] if unlabelled else []

    def sides(self, row: int) -> Sides:
        """The images of one label, and those of all others."""
        others = [one.mean for at, one in enumerate(self._sides) if at != row]
        passing = intersection(self._part.filter, Not(Match(self._column, (self.values[row],))))
        rest = Side(
            passing,
            self.total - self._sides[row].counts,
            together([*others, *self._unlabelled]),
        )
        return Sides(self._index, self._sides[row], rest)

    def _side(self, value: str, on_step: Callable[[], None]) -> Side:
        passing = intersection(self._part.filter, Match(self._column, (value,)))
        images = self._index.engine.count(passing)
        counts = self._index.counts.of(passing)
        side = Side(passing, counts, mean_of(self._index, passing, images))
        on_step()
        return side
