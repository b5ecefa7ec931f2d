"""Whether shares differ by more than chance, for all concepts at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, gammaln  # scipy.stats takes a second to import

Floats = NDArray[np.float64]

EXPECTED = 5.0
"""Where an expected count is below this, Fisher's test; else Pearson's (Cochran 1954)."""
TIED = 1e-7
"""Share by which probabilities may differ and be equal but for rounding."""


def p_values(hits: NDArray[np.int64], count: int, others: NDArray[np.int64], other: int) -> Floats:
    """Two-sided p (g,) that shares of two samples are one: Fisher's exact test, or Pearson's χ².

    Args:
        hits: Images with each concept in the first sample (g,).
        count: Images of the first sample.
        others: The same of the second (g,).
        other: Images of the second sample.
    """
    a, b = np.asarray(hits, np.float64), np.asarray(others, np.float64)
    n, both = float(count + other), a + b
    smallest = np.minimum(both, n - both) * min(count, other) / n
    varies = (both > 0) & (both < n)
    p = np.ones(len(a))
    common = varies & (smallest >= EXPECTED)
    determinant = a * (other - b) - b * (count - a)
    spread = count * other * both * (n - both)
    p[common] = chdtrc(1, n * determinant[common] ** 2 / spread[common])
    for row in np.flatnonzero(varies & ~common):
        p[row] = _fisher(int(a[row]), count, int(both[row]), int(n))
    return p


def q_values(p: NDArray[np.floating]) -> Floats:
    """P adjusted for how many were tested (Benjamini and Hochberg 1995)."""
    falling = np.argsort(-p, kind="stable")
    ranks = np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[falling] = np.minimum.accumulate(np.minimum(p[falling] * len(p) / ranks, 1))
    return adjusted


def _fisher(hits: int, count: int, both: int, total: int) -> float:
    """Sum of the probabilities of tables no likelier than this one, its margins given."""
    table = _hypergeometric(count, both, total)
    seen = table[hits - max(0, both + count - total)]
    return float(min(1.0, table[table <= seen * (1 + TIED)].sum()))


@lru_cache(maxsize=1024)
def _hypergeometric(count: int, both: int, total: int) -> Floats:
    k = np.arange(max(0, both + count - total), min(count, both) + 1)
    logs = choose(both, k) + choose(total - both, count - k) - choose(total, count)
    return np.exp(np.asarray(logs, np.float64))


def choose(n: float, k: NDArray[np.int64] | int) -> Floats:
    """Logarithms of how many ways there are to choose k of n."""
    logs: Floats = gammaln(n + 1) - gammaln(np.asarray(k) + 1.0) - gammaln(n - np.asarray(k) + 1.0)
    return logs
