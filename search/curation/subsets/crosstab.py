"""Cross tables: images by label and concept in one part of an index."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from splicedex.indexer.engines.query import Match, Not
from splicedex.indexer.store.concept_counts import Counts
from splicedex.search.curation.statistics.association import phi
from splicedex.search.curation.statistics.proportions import Floats
from splicedex.search.curation.subsets.subset import Subset, both
from splicedex.search.searcher import Searcher


@dataclass(frozen=True, slots=True)
class Cells:
    """Images by one label and one concept.

    Args:
        both: Of the label, with the concept.
        label: Of the label, without it.
        concept: Of other labels, with it.
        neither: Of other labels, without it.
    """

    both: int
    label: int
    concept: int
    neither: int

    @property
    def table(self) -> tuple[int, int, int, int]:
        """Hits and count with the label, hits and count without it."""
        return self.both, self.both + self.label, self.concept, self.concept + self.neither


@dataclass(frozen=True, eq=False)
class Pairs:
    """Images by one label and each concept.

    Args:
        hits: Of the label with the concept (k,).
        count: Of the label.
        others: Of other labels with the concept (k,).
        other: Of other labels.
    """

    hits: Counts
    count: int
    others: Counts
    other: int

    @property
    def phi(self) -> Floats:
        """Correlation of the label with each concept (k,)."""
        return phi(self.hits, self.count, self.others, self.other)

    def cells(self, concept: int) -> Cells:
        """The same for one concept."""
        hits, others = int(self.hits[concept]), int(self.others[concept])
        return Cells(hits, self.count - hits, others, self.other - others)


class CrossTable:
    """Images by label and concept in one part of an index.

    Args:
        searcher: Of an open index.
        column: The label column.
        values: Its r values.
        part: The part.
        on_step: Called after each value.
    """

    def __init__(
        self,
        searcher: Searcher,
        column: str,
        values: Sequence[str],
        part: Subset,
        on_step: Callable[[], None],
    ) -> None:
        self.part, self.values = part, values
        self.total = searcher.index.counts.of(part.filter)
        self._sides = []
        self._counts = []
        for value in values:
            is_value = Match(column, (value,))
            inside, rest = both(part.filter, is_value), both(part.filter, Not(is_value))
            images = searcher.index.engine.count(inside)
            self._sides.append((Subset("", inside, images), Subset("", rest, part.images - images)))
            self._counts.append(searcher.index.counts.of(inside))
            on_step()

    def pairs(self, row: int) -> Pairs:
        """Counts for one value and every concept (c,)."""
        inside, rest = self._sides[row]
        counts = self._counts[row]
        return Pairs(counts, inside.images, self.total - counts, rest.images)

    def sides(self, row: int) -> tuple[Subset, Subset]:
        """Images of one value and those of the others."""
        return self._sides[row]
