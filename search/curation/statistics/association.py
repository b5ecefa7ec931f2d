"""Association of a label with concepts: how much they go together, from counts of images.

A two-by-two table of n images, those with both (`hits` of `count` with the label) and with the
concept alone (`others` of `other` without the label), gives

    φ = (ad - bc) / √((a+b)(c+d)(a+c)(b+d)),       the correlation of two yes-or-no variables,
    npmi = log(p(both) / (p(label) p(concept))) / -log p(both)        (Bouma 2009),

both between -1 and 1 and 0 where label and concept know nothing of each other. |φ| is Cramér's V
of such a table. For a label with many values V is taken with Bergsma's correction (2013).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from splicedex.search.curation.statistics.proportions import Floats, Interval, Intervals

DRAWS = 2000
"""Of the bootstrap."""
_TINY = np.finfo(float).tiny


def phi(hits: ArrayLike, count: ArrayLike, others: ArrayLike, other: ArrayLike) -> Floats:
    """Correlations of label and concept; 0 where one of them never varies. Arguments broadcast."""
    a, b = np.asarray(hits, np.float64), np.asarray(others, np.float64)
    c, d = np.asarray(count) - a, np.asarray(other) - b
    margins = np.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    value: Floats = np.where(margins > 0, (a * d - b * c) / np.maximum(margins, _TINY), 0.0)
    return value


def npmi(hits: ArrayLike, count: ArrayLike, others: ArrayLike, other: ArrayLike) -> Floats:
    """Normalised pointwise mutual information; -1 where nothing has both. Arguments broadcast."""
    a, b = np.asarray(hits, np.float64), np.asarray(others, np.float64)
    n = np.asarray(count, np.float64) + np.asarray(other)
    joint = np.clip(a / n, _TINY, 1 - 1e-12)
    margins = np.maximum(np.asarray(count) / n * (a + b) / n, _TINY)
    value: Floats = np.where(a > 0, np.log(joint / margins) / -np.log(joint), -1.0)
    return value


def cramers_v(tables: ArrayLike) -> Floats:
    """Cramér's V of contingency tables (..., r, k), corrected for bias (Bergsma 2013).

    Rows and columns without an image do not count; 0 where one row or column is left.
    """
    counts = np.asarray(tables, np.float64)
    n = np.maximum(counts.sum(axis=(-1, -2)), 2)
    rows, columns = counts.sum(axis=-1, keepdims=True), counts.sum(axis=-2, keepdims=True)
    expected = rows * columns / n[..., None, None]
    squares = (counts - expected) ** 2 / np.maximum(expected, _TINY)
    r = np.count_nonzero(rows, axis=(-1, -2))
    k = np.count_nonzero(columns, axis=(-1, -2))
    square = squares.sum(axis=(-1, -2)) / n - (r - 1) * (k - 1) / (n - 1)
    smaller = np.minimum(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
    value: Floats = np.sqrt(np.maximum(square, 0) / np.where(smaller > 0, smaller, np.inf))
    return value


def cramers_v_interval(table: ArrayLike, seed: int = 0) -> Interval:
    """Cramér's V of one table (r, k), with the bootstrap's interval."""
    counts = np.asarray(table, np.int64)
    n = int(counts.sum())
    drawn = np.random.default_rng(seed).multinomial(n, counts.ravel() / n, DRAWS)
    value = cramers_v(counts[None])
    return percentiles(value, cramers_v(drawn.reshape(DRAWS, 1, *counts.shape)))[0]


def bootstrap(
    hits: ArrayLike, count: ArrayLike, others: ArrayLike, other: ArrayLike, seed: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Tables of as many images drawn anew from those there are, `DRAWS` for each table (k,).

    Returns:
        The four counts again, (DRAWS, k) each.
    """
    a, b = np.atleast_1d(np.asarray(hits)), np.atleast_1d(np.asarray(others))
    n1, n2 = np.broadcast_to(count, a.shape), np.broadcast_to(other, a.shape)
    shares = np.stack([a, n1 - a, b, n2 - b], axis=-1) / (n1 + n2)[:, None]
    drawn = np.random.default_rng(seed).multinomial(n1 + n2, shares, (DRAWS, len(a)))
    a, c, b, d = np.moveaxis(drawn, -1, 0)
    return a, a + c, b, b + d


def percentiles(value: Floats, drawn: Floats) -> Intervals:
    """Estimates (k,) with the 2.5th and 97.5th percentiles of what was drawn (DRAWS, k)."""
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return Intervals(value, np.minimum(low, value), np.maximum(high, value))
