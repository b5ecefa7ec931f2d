"""Two-by-two tables: images with and without a label, with and without a concept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splicedex.search.curation.statistics.proportions import Floats


@dataclass(frozen=True, slots=True)
class Cells:
    """The table of one label and one concept, as numbers of images.

    Args:
        both: Images of the label with the concept.
        label: Images of the label without the concept.
        concept: Images of other labels with the concept.
        neither: Images of other labels without the concept.
    """

    both: int
    label: int
    concept: int
    neither: int

    @property
    def table(self) -> tuple[int, int, int, int]:
        """Hits and count of the label, then hits and count of the other labels."""
        return self.both, self.both + self.label, self.concept, self.concept + self.neither


@dataclass(frozen=True, eq=False)
class LabelTables:
    """The tables of one label with each of k concepts.

    Args:
        hits: Images of the label with each concept (k,).
        count: All images of the label.
        other_hits: Images of other labels with each concept (k,).
        other_count: All images of other labels.
    """

    hits: NDArray[np.int64]
    count: int
    other_hits: NDArray[np.int64]
    other_count: int

    @property
    def difference(self) -> Floats:
        """Share of the label's images with each concept minus that of the others (k,)."""
        difference: Floats = self.hits / max(self.count, 1) - self.other_hits / max(
            self.other_count, 1
        )
        return difference

    @property
    def largest_difference(self) -> Floats:
        """What `difference` could be at most, with as many images of each concept (k,)."""
        having = self.hits + self.other_hits
        rest = np.maximum(having - self.count, 0)
        largest: Floats = np.minimum(having, self.count) / max(self.count, 1) - rest / max(
            self.other_count, 1
        )
        return largest

    def turned(self) -> LabelTables:
        """The same tables, with the other labels as the label."""
        return LabelTables(self.other_hits, self.other_count, self.hits, self.count)

    def cells(self, concept: int) -> Cells:
        """The table of one concept."""
        hits, other_hits = int(self.hits[concept]), int(self.other_hits[concept])
        return Cells(hits, self.count - hits, other_hits, self.other_count - other_hits)
