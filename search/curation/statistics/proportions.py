"""Shares of images and their differences, with intervals; all arguments broadcast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]

Z = 1.959963984540054
"""Normal deviate of a 95% interval."""


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
    """Shares with Wilson's score interval (Wilson 1927)."""
    k, n = np.asarray(hits, np.float64), np.asarray(count, np.float64)
    share = k / n
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return Intervals(share, np.clip(middle - half, 0, share), np.clip(middle + half, share, 1))


def newcombe(hits: ArrayLike, count: ArrayLike, others: ArrayLike, other: ArrayLike) -> Intervals:
    """Differences of two shares with Newcombe's interval (Newcombe 1998, method 10).

    Args:
        hits: Successes of the first.
        count: Trials of the first.
        others: Successes of the second.
        other: Trials of the second.
    """
    one, two = wilson(hits, count), wilson(others, other)
    difference = one.value - two.value
    low = difference - np.hypot(one.value - one.low, two.high - two.value)
    high = difference + np.hypot(one.high - one.value, two.value - two.low)
    return Intervals(difference, low, high)


def log_odds_ratio(
    hits: ArrayLike, count: ArrayLike, others: ArrayLike, other: ArrayLike
) -> Intervals:
    """Log odds ratios with Woolf's interval, half an image added to each cell.

    (Haldane 1956, Anscombe 1956: finite where a cell is empty.) Arguments as for `newcombe`.
    """
    a, b = np.asarray(hits) + 0.5, np.asarray(others) + 0.5
    c, d = np.asarray(count) + 1.0 - a, np.asarray(other) + 1.0 - b
    value = np.log(a * d / (b * c))
    half = Z * np.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return Intervals(value, value - half, value + half)


def mean(values: csr_array) -> Intervals:
    """Means of columns (n, k) with Student's t interval; of one row alone, without width."""
    from scipy.special import stdtrit

    rows = values.shape[0]
    middle = np.asarray(values.mean(axis=0, dtype=np.float64))
    squares = np.asarray((values * values).sum(axis=0, dtype=np.float64))
    half = np.zeros_like(middle)
    if rows > 1:
        variance = np.maximum(squares - rows * middle**2, 0) / (rows - 1)
        half = stdtrit(rows - 1, 0.975) * np.sqrt(variance / rows)
    return Intervals(middle, middle - half, middle + half)
