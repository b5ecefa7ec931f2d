"""Evidence: what speaks for a concept going with some images rather than with others.

For each concept there are

- the difference: the share of the images that have it, minus that of the others;
- the same in nine of ten random halves of the images, at least;
- the contrast: how probable the concept is in the mean image minus the mean of the others. What is
  said of single images has many errors; in the mean most of them cancel;
- a p-value: how often chance alone makes a difference as large.

Concepts are ordered by the difference and half the contrast. A claim stands if the difference is
large, would be found in almost any half of the images as well, and is not chance, and if the
contrast backs it. Beyond what is found elsewhere, most of the difference has to be left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from splicedex.search.curation.statistics.homogeneity import equal_odds_p_values
from splicedex.search.curation.statistics.proportions import Floats
from splicedex.search.curation.statistics.significance import p_values
from splicedex.search.curation.statistics.two_by_two import LabelTables

LARGE = 0.2
"""Least difference of two shares that is worth a claim."""
HALF = 0.15
"""Least difference in nine of ten random halves of the images."""
_NINE_OF_TEN = 1.2816
"""Quantile of the normal distribution."""
CHANCE = 0.2
"""A claim's p-value is below this after correction for the number of tests: of claims that are only
large by chance fewer than one in five would pass. The other conditions stop most of those."""
CONTRAST = 0.3
"""Least contrast of a claim."""
FIRST = 0.5
"""Contrast from which images are asked for the concept that their mean names first."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What speaks for each of c concepts going with some images rather than with others.

    Args:
        tables: Numbers of images.
        contrast: Probability of each concept in the difference of the mean images (c,).
        p: P-values (c,) for no difference.
        elsewhere: What of the difference is found elsewhere too (c,).
    """

    tables: LabelTables
    contrast: NDArray[np.floating]
    p: Floats
    elsewhere: Floats

    @classmethod
    def of(cls, tables: LabelTables, contrast: NDArray[np.floating]) -> Evidence:
        """From the counts of two sets of images, and the contrast of their means."""
        p = p_values(tables.hits, tables.count, tables.other_hits, tables.other_count)
        return cls(tables, contrast, p, np.zeros(len(p)))

    @property
    def difference(self) -> Floats:
        """The difference of the shares, minus what is found elsewhere too (c,)."""
        return self.tables.difference - self.elsewhere

    @property
    def in_halves(self) -> Floats:
        """The least difference in nine of ten random halves of the images (c,).

        Drawn from the images without replacement, the share of a half has the variance
        p (1 - p) / (n - 1) around the share p of all n.
        """
        tables = self.tables
        variance = np.zeros(len(self.p))
        for hits, count in (
            (tables.hits, tables.count),
            (tables.other_hits, tables.other_count),
        ):
            share = hits / max(count, 1)
            variance += share * (1 - share) / max(count - 1, 1)
        least: Floats = tables.difference - _NINE_OF_TEN * np.sqrt(variance)
        return least

    @property
    def score(self) -> Floats:
        """What concepts are ordered by (c,)."""
        score: Floats = self.difference + self.contrast / 2
        return score

    def stands(self, q: Floats) -> NDArray[np.bool_]:
        """For which concepts the claim stands (c,).

        Args:
            q: The p-values (c,) after correction for the number of tests.
        """
        large = (self.tables.difference >= LARGE) & (self.in_halves >= HALF)
        mostly_here = self.difference > self.elsewhere
        stands: NDArray[np.bool_] = large & mostly_here & (q < CHANCE) & (self.contrast >= CONTRAST)
        return stands

    @property
    def testable(self) -> NDArray[np.bool_]:
        """Which concepts are frequent enough for a claim, whichever images have them (c,).

        The others are no tests, and need no correction (Tarone 1990).
        """
        testable: NDArray[np.bool_] = self.tables.largest_difference >= LARGE
        return testable

    def first(self, apart_from: NDArray[np.bool_]) -> list[int]:
        """The concept that the contrast names first, if it does so clearly and little shows it.

        Args:
            apart_from: Concepts (c,) that do not count.
        """
        contrast = np.where(apart_from, 0, self.contrast)
        first = int(contrast.argmax())
        large = self.tables.difference[first] >= LARGE
        return [first] if contrast[first] >= FIRST and not large else []

    def with_counts(self, concepts: Sequence[int], tables: LabelTables) -> Evidence:
        """The same evidence where some concepts are counted in another way.

        Args:
            concepts: The k concepts.
            tables: Their numbers of images, for each of the k.
        """
        hits, other_hits = self.tables.hits.copy(), self.tables.other_hits.copy()
        hits[concepts], other_hits[concepts] = tables.hits, tables.other_hits
        counted = replace(self.tables, hits=hits, other_hits=other_hits)
        return Evidence.of(counted, self.contrast)

    def beyond(self, other: Evidence, contrast: NDArray[np.floating]) -> Evidence:
        """What is not found in other data as well.

        Two hypotheses have to be rejected: that there is no difference here, and that the odds
        ratio is the same in both. So the larger p-value counts.

        Args:
            other: The evidence of the same concepts in the other data.
            contrast: The contrast of this difference of means and the other (c,).
        """
        return Evidence(
            self.tables,
            contrast,
            np.maximum(self.p, equal_odds_p_values(self.tables, other.tables)),
            np.maximum(other.difference, 0),
        )
