"""Belief: the probability that something is so, for many images at once, in logarithms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Belief:
    """Log-probabilities (n,) that something is so (`yes`), and that it is not (`no`).

    Both are carried, so that neither a near certainty nor its opposite is rounded away.
    Combination assumes independence: AND multiplies, OR is the noisy-or, NOT swaps.
    """

    yes: Floats
    no: Floats

    @classmethod
    def of_logit(cls, odds: NDArray[np.floating]) -> Belief:
        """From log-odds (n,)."""
        wide = np.asarray(odds, np.float64)
        return cls(-np.logaddexp(0, -wide), -np.logaddexp(0, wide))

    @classmethod
    def certain(cls, holds: NDArray[np.bool_]) -> Belief:
        """From facts (n,)."""
        return cls(np.where(holds, 0.0, -np.inf), np.where(holds, -np.inf, 0.0))

    @classmethod
    def all(cls, parts: Iterable[Belief]) -> Belief:
        """That every part is so."""
        yes = np.sum([part.yes for part in parts], axis=0)
        return cls(yes, _complement(yes))

    @classmethod
    def any(cls, parts: Iterable[Belief]) -> Belief:
        """That at least one part is so."""
        return ~cls.all([~part for part in parts])

    def scaled(self, weight: float) -> Belief:
        """As likely as the thing and, independently, an event of probability `weight`."""
        yes = self.yes + np.log(weight)
        return Belief(yes, _complement(yes))

    def boosted(self, boost: float) -> Belief:
        """As if it had been asked for `boost` times over."""
        yes = boost * self.yes
        return Belief(yes, _complement(yes))

    def __invert__(self) -> Belief:
        return Belief(self.no, self.yes)

    @property
    def probability(self) -> Floats:
        """That it is so (n,)."""
        return np.exp(self.yes)


def _complement(log_probability: Floats) -> Floats:
    """log(1 - exp(x)) for x ≤ 0 without cancellation (Mächler 2012)."""
    x = np.minimum(log_probability, -np.finfo(float).tiny)
    near_one = x > -np.log(2)
    return np.where(
        near_one,
        np.log(-np.expm1(np.where(near_one, x, -1))),
        np.log1p(-np.exp(np.where(near_one, -1, x))),
    )
