"""Cross tables: numbers of images by label and concept in one part of an index."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from splicedex.indexer.engines.query import Match, Not
from splicedex.search.curation.statistics.two_by_two import LabelTables
from splicedex.search.curation.subsets.subset import Subset, intersection
from splicedex.search.searcher import Searcher


class CrossTable:
    """Numbers of images by label and concept in one part of an index.

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
        self.values = values
        self.total = searcher.index.counts.of(part.filter)
        self._sides = []
        self._counts = []
        for value in values:
            is_value = Match(column, (value,))
            inside = intersection(part.filter, is_value)
            rest = intersection(part.filter, Not(is_value))
            images = searcher.index.engine.count(inside)
            self._sides.append((Subset("", inside, images), Subset("", rest, part.images - images)))
            self._counts.append(searcher.index.counts.of(inside))
            on_step()

    def tables(self, row: int) -> LabelTables:
        """The two-by-two tables of one label with every concept."""
        inside, rest = self._sides[row]
        counts = self._counts[row]
        return LabelTables(counts, inside.images, self.total - counts, rest.images)

    def sides(self, row: int) -> tuple[Subset, Subset]:
        """The images of one label, and those of the other labels."""
        return self._sides[row]
