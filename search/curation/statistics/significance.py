"""Whether shares differ by more than chance, for all concepts at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, gammaln  # scipy.stats takes a second to import

from splicedex.search.curation.statistics.proportions import Floats

MIN_EXPECTED = 5.0
"""Least expected count of a cell for a χ² test; an exact test is used below it (Cochran 1954)."""
TIED = 1e-7
"""Relative difference of two probabilities that counts as rounding error."""


def p_values(
    hits: NDArray[np.int64], count: int, other_hits: NDArray[np.int64], other_count: int
) -> Floats:
    """Two-sided p-values for equal shares in two samples: Fisher's exact test or Pearson's χ².

    Args:
        hits: Images of the first sample with each concept (g,).
        count: All images of the first sample.
        other_hits: Images of the second sample with each concept (g,).
        other_count: All images of the second sample.

    Returns:
        One p-value a concept (g,); 1 where all images have the concept, or none.
    """
    a, b = np.asarray(hits, np.float64), np.asarray(other_hits, np.float64)
    total, having = float(count + other_count), a + b
    smallest = np.minimum(having, total - having) * min(count, other_count) / total
    varies = (having > 0) & (having < total)
    p = np.ones(len(a))
    common = varies & (smallest >= MIN_EXPECTED)
    determinant = a * (other_count - b) - b * (count - a)
    margins = count * other_count * having * (total - having)
    p[common] = chdtrc(1, total * determinant[common] ** 2 / margins[common])
    for row in np.flatnonzero(varies & ~common):
        p[row] = _fisher(int(a[row]), count, int(having[row]), int(total))
    return p


def q_values(p: NDArray[np.floating], tested: NDArray[np.bool_] | None = None) -> Floats:
    """P-values adjusted for the number of tests (Benjamini and Hochberg 1995).

    Args:
        p: P-values of any shape.
        tested: Which of them count as tests, of the same shape; by default all.

    Returns:
        The adjusted values, of the same shape; 1 for what was not tested.
    """
    tested = np.ones(p.shape, np.bool_) if tested is None else tested
    tests = p[tested]
    falling = np.argsort(-tests, kind="stable")
    ranks = np.arange(len(tests), 0, -1)
    adjusted = np.empty(len(tests))
    adjusted[falling] = np.minimum.accumulate(np.minimum(tests[falling] * len(tests) / ranks, 1))
    q = np.ones(p.shape)
    q[tested] = adjusted
    return q


def log_binomial(n: float, k: NDArray[np.int64] | int) -> Floats:
    """Logarithms of the binomial coefficients "n choose k"."""
    logs: Floats = gammaln(n + 1) - gammaln(np.asarray(k) + 1.0) - gammaln(n - np.asarray(k) + 1.0)
    return logs


def _fisher(hits: int, count: int, having: int, total: int) -> float:
    """P-value: the probability of all tables with these margins no likelier than this one."""
    table = _hypergeometric(count, having, total)
    observed = table[hits - max(0, having + count - total)]
    return float(min(1.0, table[table <= observed * (1 + TIED)].sum()))


@lru_cache(maxsize=1024)
def _hypergeometric(count: int, having: int, total: int) -> Floats:
    """Probabilities of each possible number of hits, from the least on."""
    k = np.arange(max(0, having + count - total), min(count, having) + 1)
    logs = log_binomial(having, k) + log_binomial(total - having, count - k)
    return np.exp(np.asarray(logs - log_binomial(total, count), np.float64))
