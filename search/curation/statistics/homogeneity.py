"""Whether a label and a concept go together as much in one part of a data set as in another.

Each part gives a two-by-two table, whose odds ratio says how much the two go together whatever
their shares. If it is one and the same in both parts, then, given the tables' margins (`m` images
have the concept, `count` the label, `other` not) and how many `s` have both in all, those that have
both in the first part are `a` with

    p(a) ∝ C(count₁, a) C(other₁, m₁ - a) C(count₂, s - a) C(other₂, m₂ - s + a),

whatever that odds ratio is: Zelen's exact test (1971). Wald's test of log odds ratios has to add
half an image to each cell, and hardly sees that one stayed empty.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from scipy.special import chdtrc

from splicedex.search.curation.statistics.proportions import Floats
from splicedex.search.curation.statistics.significance import EXPECTED, TIED, choose
from splicedex.search.curation.subsets.crosstab import Pairs

Table: TypeAlias = tuple[int, int, int, int]
"""Hits and count with the label, hits and count without it."""

_EXTREME = 1e9
"""An odds ratio that leaves some cell all but empty."""


def change(here: Pairs, there: Pairs) -> Floats:
    """P (k,) that the odds ratios of label and concept are one in two parts, two-sided.

    Zelen's test where few images are expected in some cell, else Breslow and Day's (1980) with
    Tarone's correction (1985). 1 where all images of a part have the concept, or none.
    """
    odds = _common_odds(here, there)
    first, second = _expected(here, odds), _expected(there, odds)
    smallest = np.minimum(first.min(axis=0), second.min(axis=0))
    varies = np.logical_and(*((has > 0) & (has < n) for has, n in map(_having, (here, there))))
    common = varies & (smallest >= EXPECTED)
    p = np.ones(len(smallest))
    excess = np.array([here.hits - first[0], there.hits - second[0]])[:, common]
    spread = np.array([1 / (1 / cells[:, common]).sum(axis=0) for cells in (first, second)])
    square = (excess**2 / spread).sum(axis=0) - excess.sum(axis=0) ** 2 / spread.sum(axis=0)
    p[common] = chdtrc(1, np.maximum(square, 0))
    for concept in np.flatnonzero(varies & ~common).tolist():
        p[concept] = _zelen(here.cells(concept).table, there.cells(concept).table)
    return p


def _having(pairs: Pairs) -> tuple[Floats, int]:
    """Images with each concept, and all images."""
    return np.asarray(pairs.hits + pairs.others, np.float64), pairs.count + pairs.other


def _common_odds(*parts: Pairs) -> Floats:
    """The odds ratio (k,) of all parts as one (Mantel and Haenszel 1959)."""
    for_it, against = (
        sum(one * two / (pairs.count + pairs.other) for pairs, one, two in products)
        for products in (
            [(pairs, pairs.hits, pairs.other - pairs.others) for pairs in parts],
            [(pairs, pairs.others, pairs.count - pairs.hits) for pairs in parts],
        )
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        odds: Floats = np.nan_to_num(np.divide(for_it, against), nan=1)
    return odds.clip(1 / _EXTREME, _EXTREME)


def _expected(pairs: Pairs, odds: Floats) -> Floats:
    """Images expected in each cell (4, k) for an odds ratio, the margins given."""
    having, _ = _having(pairs)
    product = odds * pairs.count * having
    linear = pairs.other - having + odds * (pairs.count + having)
    both = 2 * product / (linear + np.sqrt(np.maximum(linear**2 + 4 * (1 - odds) * product, 0)))
    return np.array([both, pairs.count - both, having - both, pairs.other - having + both])


@lru_cache(maxsize=4096)
def _zelen(here: Table, there: Table) -> float:
    """Sum of the probabilities of tables no likelier than these."""
    (hits, count, others, other), (hits2, count2, others2, other2) = here, there
    having, having2, both = hits + others, hits2 + others2, hits + hits2
    least = max(0, having - other, both - min(count2, having2))
    most = min(count, having, both - max(0, having2 - other2))
    a = np.arange(least, most + 1)
    logs = choose(count, a) + choose(other, having - a)
    logs += choose(count2, both - a) + choose(other2, having2 - both + a)
    likely = np.exp(logs - logs.max())
    seen = likely[hits - least]
    return float(likely[likely <= seen * (1 + TIED)].sum() / likely.sum())
