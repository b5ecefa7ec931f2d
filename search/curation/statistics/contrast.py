"""Contrast: the counts of concepts in two samples of images, and how far they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from splicedex.search.curation.statistics.proportions import (
    Floats,
    Intervals,
    log_odds_ratio,
    newcombe,
    wilson,
)
from splicedex.search.curation.statistics.significance import p_values

Order: TypeAlias = Literal["share", "odds"]
LEVEL = 0.05
"""Significance level: a difference counts if its q is below this."""


@dataclass(frozen=True, eq=False)
class Contrast:
    """How two samples differ, for each of g concepts.

    Args:
        shares: Shares of the first and of the second sample (g,).
        difference: First share minus the second (g,).
        log_odds: Logarithm of the odds ratio, first to second (g,).
        p: P-values for equal shares (g,).
    """

    shares: tuple[Intervals, Intervals]
    difference: Intervals
    log_odds: Intervals
    p: Floats

    def leading(self, q: Floats, order: Order) -> NDArray[np.int64]:
        """Concepts that differ significantly, largest effect first.

        The effect is the difference in share, or the end of the odds ratio's interval that is
        nearer to 1: a rare concept easily has a large ratio, but with a wide interval.

        Args:
            q: Adjusted p-values (g,).
            order: "share" for the difference in share, "odds" for the odds ratio.
        """
        effect = np.abs(self.difference.value)
        if order == "odds":
            effect = np.maximum(self.log_odds.low, -self.log_odds.high)
        significant = np.flatnonzero(q < LEVEL)
        return significant[np.argsort(-effect[significant], kind="stable")]


def contrast(
    hits: NDArray[np.int64], count: int, other_hits: NDArray[np.int64], other_count: int
) -> Contrast:
    """Compare how many images of two samples have each concept.

    Args:
        hits: Images of the first sample with each concept (g,).
        count: All images of the first sample.
        other_hits: Images of the second sample with each concept (g,).
        other_count: All images of the second sample.
    """
    counts = (hits, count, other_hits, other_count)
    return Contrast(
        (wilson(hits, count), wilson(other_hits, other_count)),
        newcombe(*counts),
        log_odds_ratio(*counts),
        p_values(*counts),
    )
