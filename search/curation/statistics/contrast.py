"""Contrast: two columns of counts, concept by concept, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.store.concept_counts import Counts
from splicedex.search.curation.statistics.proportions import (
    Intervals,
    log_odds_ratio,
    newcombe,
    wilson,
)
from splicedex.search.curation.statistics.significance import p_values
from splicedex.splice.errors import UserError

Order: TypeAlias = Literal["share", "odds"]
LEVEL = 0.05
"""q below which a difference counts."""


@dataclass(frozen=True, eq=False)
class Contrast:
    """What tells two samples apart, concept by concept.

    Args:
        shares: Of the first and of the second sample (g,).
        difference: First share less the second (g,).
        log_odds: Logarithm of the odds ratio, first to second (g,).
        p: That both shares are one (g,).
    """

    shares: tuple[Intervals, Intervals]
    difference: Intervals
    log_odds: Intervals
    p: NDArray[np.float64]

    def leading(self, q: NDArray[np.float64], order: Order) -> NDArray[np.int64]:
        """Concepts that differ at q < .05, largest effect first.

        The effect is the difference in share, or the end of the odds ratio's interval that is
        nearer to none: a rare concept has a large ratio easily, and a wide interval.
        """
        effect = np.abs(self.difference.value)
        if order == "odds":
            effect = np.maximum(self.log_odds.low, -self.log_odds.high)
        strong = np.flatnonzero(q < LEVEL)
        return strong[np.argsort(-effect[strong], kind="stable")]


def contrast(hits: Counts, count: int, others: Counts, other: int) -> Contrast:
    """Compare counts of concepts (g,) in `count` images with those in `other` images."""
    return Contrast(
        (wilson(hits, count), wilson(others, other)),
        newcombe(hits, count, others, other),
        log_odds_ratio(hits, count, others, other),
        p_values(hits, count, others, other),
    )


def check_order(order: str) -> None:
    """Refuse what is no order.

    Raises:
        UserError: It is unknown.
    """
    if order not in get_args(Order):
        raise UserError(f"order {order!r} is unknown", f"use {', '.join(get_args(Order))}")
