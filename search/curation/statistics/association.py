"""Association of a label with a concept: how often they occur together, from counts of images.

A two-by-two table of n images has four cells: a images with label and concept, b with the concept
alone, c with the label alone, d with neither. From it follow

    φ = (ad - bc) / √((a+b)(c+d)(a+c)(b+d)),       the correlation of two yes-or-no variables,
    npmi = log(p(both) / (p(label) p(concept))) / -log p(both)        (Bouma 2009),

both between -1 and 1, and 0 where label and concept are independent. |φ| is Cramér's V of such a
table. For a label with many values, V is computed with Bergsma's correction (2013).

The functions take a = `hits`, a + c = `count`, b = `other_hits` and b + d = `other_count`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from splicedex.search.curation.statistics.proportions import Floats, Interval, Intervals

DRAWS = 2000
"""Samples of the bootstrap."""
_TINY = np.finfo(float).tiny


def phi(hits: ArrayLike, count: ArrayLike, other_hits: ArrayLike, other_count: ArrayLike) -> Floats:
    """Correlations of label and concept; 0 where one of them never varies.

    Args:
        hits: Images of the label with the concept.
        count: All images of the label.
        other_hits: Images of other labels with the concept.
        other_count: All images of other labels. All arguments broadcast.
    """
    a, b = np.asarray(hits, np.float64), np.asarray(other_hits, np.float64)
    c, d = np.asarray(count) - a, np.asarray(other_count) - b
    margins = np.sqrt((a + b) * (c + d) * (a + c) * (b + d))
    value: Floats = np.where(margins > 0, (a * d - b * c) / np.maximum(margins, _TINY), 0.0)
    return value


def npmi(
    hits: ArrayLike, count: ArrayLike, other_hits: ArrayLike, other_count: ArrayLike
) -> Floats:
    """Normalised pointwise mutual information; -1 where no image has both.

    Args:
        hits: Images of the label with the concept.
        count: All images of the label.
        other_hits: Images of other labels with the concept.
        other_count: All images of other labels. All arguments broadcast.
    """
    a, b = np.asarray(hits, np.float64), np.asarray(other_hits, np.float64)
    n = np.asarray(count, np.float64) + np.asarray(other_count)
    joint = np.clip(a / n, _TINY, 1 - 1e-12)
    margins = np.maximum(np.asarray(count) / n * (a + b) / n, _TINY)
    value: Floats = np.where(a > 0, np.log(joint / margins) / -np.log(joint), -1.0)
    return value


def cramers_v(tables: ArrayLike) -> Floats:
    """Cramér's V of contingency tables, corrected for bias (Bergsma 2013).

    Args:
        tables: Counts (..., r, k). Rows and columns without an image are ignored.

    Returns:
        V of each table (...); 0 where only one row or column is left.
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
    """Cramér's V of one table (r, k), with its bootstrap interval."""
    counts = np.asarray(table, np.int64)
    n = int(counts.sum())
    drawn = np.random.default_rng(seed).multinomial(n, counts.ravel() / n, DRAWS)
    value = cramers_v(counts[None])
    return percentile_intervals(value, cramers_v(drawn.reshape(DRAWS, 1, *counts.shape)))[0]


def bootstrap(
    hits: ArrayLike,
    count: ArrayLike,
    other_hits: ArrayLike,
    other_count: ArrayLike,
    seed: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Draw `DRAWS` tables of the same number of images, with replacement.

    Args:
        hits: Images of the label with each concept (k,).
        count: All images of the label.
        other_hits: Images of other labels with each concept (k,).
        other_count: All images of other labels.
        seed: Seed of the random draws.

    Returns:
        The same four counts for every draw, (DRAWS, k) each.
    """
    a, b = np.atleast_1d(np.asarray(hits)), np.atleast_1d(np.asarray(other_hits))
    n1, n2 = np.broadcast_to(count, a.shape), np.broadcast_to(other_count, a.shape)
    shares = np.stack([a, n1 - a, b, n2 - b], axis=-1) / (n1 + n2)[:, None]
    drawn = np.random.default_rng(seed).multinomial(n1 + n2, shares, (DRAWS, len(a)))
    a, c, b, d = np.moveaxis(drawn, -1, 0)
    return a, a + c, b, b + d


def percentile_intervals(value: Floats, drawn: Floats) -> Intervals:
    """Estimates with the 2.5th and 97.5th percentiles of their bootstrap draws.

    Args:
        value: Estimates (k,).
        drawn: The same estimates of each draw (DRAWS, k).
    """
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return Intervals(value, np.minimum(low, value), np.maximum(high, value))
