"""Log-probabilities of a statement about many images at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SURE = 50.0
"""Log-odds of a fact."""


@dataclass(frozen=True, eq=False)
class LogProbability:
    """Log-probabilities (n,) that a statement is true (`yes`), and that it is false (`no`).

    Both are kept, so that neither a near certainty nor its opposite is rounded away. Statements are
    combined as if independent: AND multiplies, OR is the noisy-or, NOT swaps.
    """

    yes: Floats
    no: Floats

    @classmethod
    def of_logit(cls, odds: NDArray[np.floating]) -> LogProbability:
        """From log-odds (n,)."""
        wide = np.asarray(odds, np.float64)
        return cls(-np.logaddexp(0, -wide), -np.logaddexp(0, wide))

    @classmethod
    def certain(cls, holds: NDArray[np.bool_]) -> LogProbability:
        """From facts (n,). What is false keeps odds of e^-50, so that no score is infinite."""
        return cls.of_logit(np.where(holds, SURE, -SURE))

    @classmethod
    def all(cls, parts: Sequence[LogProbability], boosts: Sequence[float] = ()) -> LogProbability:
        """That every part is true, each counted `boost` times."""
        weighed = zip(parts, boosts or [1.0] * len(parts), strict=True)
        yes = np.sum([boost * part.yes for part, boost in weighed], axis=0)
        return cls(yes, _complement(yes))

    @classmethod
    def any(cls, parts: Sequence[LogProbability], boosts: Sequence[float] = ()) -> LogProbability:
        """That at least one part is true, each with `boost` chances."""
        return ~cls.all([~part for part in parts], boosts)

    def scaled(self, weight: float) -> LogProbability:
        """The same, and independently an event of probability `weight`."""
        yes = self.yes + np.log(weight)
        return LogProbability(yes, _complement(yes))

    def __invert__(self) -> LogProbability:
        return LogProbability(self.no, self.yes)

    @property
    def probability(self) -> Floats:
        """Probabilities (n,) that it is true."""
        return np.exp(self.yes)


def _complement(log_probability: Floats) -> Floats:
    """log(1 - exp(x)) for x ≤ 0 without cancellation (Mächler 2012); finite, also for x = 0."""
    x = np.minimum(log_probability, -np.finfo(float).tiny)
    near_one = x > -np.log(2)
    return np.where(
        near_one,
        np.log(-np.expm1(np.where(near_one, x, -1))),
        np.log1p(-np.exp(np.where(near_one, -1, x))),
    )
