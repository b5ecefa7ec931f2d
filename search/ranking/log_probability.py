"""Probabilities of events for many images at once, as logarithms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CERTAIN = 50.0
"""Logit of a certain event."""


@dataclass(frozen=True, eq=False)
class LogProbability:
    """The log-probability of an event for n images, and of its complement.

    Both are stored, so that probabilities near 0 and near 1 keep their precision. Combinations
    assume independent events: AND is the product, OR the noisy-or, NOT swaps the two.

    Args:
        yes: Log-probabilities (n,) that the event holds.
        no: Log-probabilities (n,) that it does not hold.
    """

    yes: Floats
    no: Floats

    @classmethod
    def of_logit(cls, logits: NDArray[np.floating]) -> LogProbability:
        """Make from logits (n,)."""
        wide = np.asarray(logits, np.float64)
        rest = np.log1p(np.exp(-np.abs(wide)))
        return cls(np.minimum(wide, 0) - rest, -np.maximum(wide, 0) - rest)

    @classmethod
    def of_log(cls, yes: Floats) -> LogProbability:
        """Make from log-probabilities (n,), at most 0, that the event holds."""
        return cls(yes, _complement(yes))

    @classmethod
    def certain(cls, holds: NDArray[np.bool_]) -> LogProbability:
        """Make from facts (n,), with logits of 50 and -50, so that no score is infinite."""
        return cls.of_logit(np.where(holds, CERTAIN, -CERTAIN))

    @classmethod
    def all(cls, parts: Sequence[LogProbability], boosts: Sequence[float] = ()) -> LogProbability:
        """Return the log-probability that all parts hold.

        Args:
            parts: The parts, for the same n images.
            boosts: Exponent of each part; the default is 1 each. A part with boost 2 counts as two
                independent parts.
        """
        if len(parts) == 1 and (not boosts or boosts[0] == 1):
            return parts[0]
        weighed = zip(parts, boosts or [1.0] * len(parts), strict=True)
        return cls.of_log(reduce(np.add, (boost * part.yes for part, boost in weighed)))

    @classmethod
    def any(cls, parts: Sequence[LogProbability], boosts: Sequence[float] = ()) -> LogProbability:
        """Return the log-probability that some part holds, with boosts as in `all`."""
        return ~cls.all([~part for part in parts], boosts)

    def scaled(self, weight: float) -> LogProbability:
        """Return the log-probability of the event times `weight`, a factor within (0, 1]."""
        return self if weight == 1 else LogProbability.of_log(self.yes + math.log(weight))

    def take(self, rows: NDArray[np.int64]) -> LogProbability:
        """The log-probabilities for some of the images, by their positions."""
        return LogProbability(self.yes[rows], self.no[rows])

    def __invert__(self) -> LogProbability:
        return LogProbability(self.no, self.yes)

    @property
    def probability(self) -> Floats:
        """The probability (n,) that the event holds."""
        return np.exp(self.yes)


def _complement(log_probability: Floats) -> Floats:
    """log(1 - exp(x)) for x ≤ 0, without cancellation. It is finite, also for x = 0.

    Source: Mächler 2012, "Accurately Computing log(1 - exp(-|a|))".
    """
    x = np.minimum(log_probability, -np.finfo(float).tiny)
    near_one = x > -np.log(2)
    return np.where(
        near_one,
        np.log(-np.expm1(np.where(near_one, x, -1))),
        np.log1p(-np.exp(np.where(near_one, -1, x))),
    )
