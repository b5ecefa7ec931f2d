"""Shares of images, differences of shares and means, each with a 95% interval.

All arguments broadcast against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

Floats: TypeAlias = NDArray[np.float64]

Z = 1.959963984540054
"""Normal quantile of a 95% interval."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Intervals:
    """Estimates (n,) with 95% intervals."""

    value: Floats
    low: Floats
    high: Floats

    def __getitem__(self, row: int) -> Interval:
        return Interval(float(self.value[row]), float(self.low[row]), float(self.high[row]))


def wilson(hits: ArrayLike, count: ArrayLike) -> Intervals:
    """Shares `hits / count` with Wilson's score interval (Wilson 1927).

    Args:
        hits: Images that have the concept.
        count: All images, above 0.
    """
    k, n = np.asarray(hits, np.float64), np.asarray(count, np.float64)
    share = k / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return Intervals(share, np.clip(middle - half, 0, share), np.clip(middle + half, share, 1))


def newcombe(
    hits: ArrayLike, count: ArrayLike, other_hits: ArrayLike, other_count: ArrayLike
) -> Intervals:
    """Differences of two shares with Newcombe's interval (Newcombe 1998, method 10).

    Args:
        hits: Images of the first sample that have the concept.
        count: All images of the first sample.
        other_hits: Images of the second sample that have the concept.
        other_count: All images of the second sample.
    """
    one, two = wilson(hits, count), wilson(other_hits, other_count)
    difference = one.value - two.value
    low = difference - np.hypot(one.value - one.low, two.high - two.value)
    high = difference + np.hypot(one.high - one.value, two.value - two.low)
    return Intervals(difference, low, high)


def log_odds_ratio(
    hits: ArrayLike, count: ArrayLike, other_hits: ArrayLike, other_count: ArrayLike
) -> Intervals:
    """Logarithms of odds ratios with Woolf's interval (Woolf 1955).

    Half an image is added to each cell (Haldane 1956, Anscombe 1956), so that the ratio is finite
    where a cell is empty.

    Args:
        hits: Images of the first sample that have the concept.
        count: All images of the first sample.
        other_hits: Images of the second sample that have the concept.
        other_count: All images of the second sample.
    """
    a, b = np.asarray(hits) + 0.5, np.asarray(other_hits) + 0.5
    c, d = np.asarray(count) + 1.0 - a, np.asarray(other_count) + 1.0 - b
    value = np.log(a * d / (b * c))
    half = Z * np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return Intervals(value, value - half, value + half)


def mean(values: csr_array) -> Intervals:
    """Means of columns with Student's t interval.

    Args:
        values: Sparse values (n, k). With n = 1 the intervals have no width.

    Returns:
        The k means with their intervals.
    """
    from scipy.special import stdtrit

    rows = values.shape[0]
    middle = np.asarray(values.mean(axis=0, dtype=np.float64))
    squares = np.asarray((values * values).sum(axis=0, dtype=np.float64))
    half = np.zeros_like(middle)
    if rows > 1:
        variance = np.maximum(squares - rows * middle**2, 0) / (rows - 1)
        half = stdtrit(rows - 1, 0.975) * np.sqrt(variance / rows)
    return Intervals(middle, middle - half, middle + half)
