"""Whether a label and a concept are associated equally strongly in two parts of a data set.

Each part gives a two-by-two table, whose odds ratio measures the association whatever the shares
of label and concept are. Assume that it is the same in both parts. Given the margins of the tables
(`m` images have the concept, `count` the label, `other_count` do not) and the number `s` of images
that have both in the two parts together, the number `a` of those in the first part has the
distribution

    p(a) ∝ C(count₁, a) C(other₁, m₁ - a) C(count₂, s - a) C(other₂, m₂ - s + a),

whatever that odds ratio is: this is Zelen's exact test (1971). Wald's test of log odds ratios has
to add half an image to each cell, and so hardly notices that a cell stayed empty.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import numpy as np
from scipy.special import chdtrc

from splicedex.search.curation.statistics.proportions import Floats
from splicedex.search.curation.statistics.significance import MIN_EXPECTED, TIED, log_binomial
from splicedex.search.curation.statistics.two_by_two import LabelTables

_Table: TypeAlias = tuple[int, int, int, int]
"""Hits and count of the label, then hits and count of the other labels."""

_MAX_ODDS = 1e9
"""Largest odds ratio; one cell is practically empty there."""


def equal_odds_p_values(here: LabelTables, there: LabelTables) -> Floats:
    """Two-sided p-values for equal odds ratios of label and concept in two parts.

    Zelen's exact test where few images are expected in some cell, else Breslow and Day's (1980)
    with Tarone's correction (1985).

    Args:
        here: Counts of one part, for k concepts.
        there: Counts of the other part, for the same concepts.

    Returns:
        One p-value a concept (k,); 1 where all images of a part have the concept, or none.
    """
    odds = _common_odds(here, there)
    first, second = _expected(here, odds), _expected(there, odds)
    smallest = np.minimum(first.min(axis=0), second.min(axis=0))
    varies = _varies(here) & _varies(there)
    common = varies & (smallest >= MIN_EXPECTED)
    p = np.ones(len(smallest))
    excess = np.array([here.hits - first[0], there.hits - second[0]])[:, common]
    variance = np.array([1 / (1 / cells[:, common]).sum(axis=0) for cells in (first, second)])
    square = (excess**2 / variance).sum(axis=0) - excess.sum(axis=0) ** 2 / variance.sum(axis=0)
    p[common] = chdtrc(1, np.maximum(square, 0))
    for concept in np.flatnonzero(varies & ~common).tolist():
        p[concept] = _zelen(here.cells(concept).table, there.cells(concept).table)
    return p


def _having(tables: LabelTables) -> Floats:
    """Images with each concept (k,), whatever their label."""
    return np.asarray(tables.hits + tables.other_hits, np.float64)


def _varies(tables: LabelTables) -> np.ndarray:
    """Whether some images have each concept and some do not (k,)."""
    having = _having(tables)
    return (having > 0) & (having < tables.count + tables.other_count)


def _common_odds(*parts: LabelTables) -> Floats:
    """The pooled odds ratio (k,) of all parts (Mantel and Haenszel 1959)."""
    agreeing: Floats = np.zeros(len(parts[0].hits))
    disagreeing: Floats = np.zeros(len(parts[0].hits))
    for part in parts:
        images = part.count + part.other_count
        agreeing += part.hits * (part.other_count - part.other_hits) / images
        disagreeing += part.other_hits * (part.count - part.hits) / images
    with np.errstate(divide="ignore", invalid="ignore"):
        odds: Floats = np.nan_to_num(np.divide(agreeing, disagreeing), nan=1)
    return odds.clip(1 / _MAX_ODDS, _MAX_ODDS)


def _expected(tables: LabelTables, odds: Floats) -> Floats:
    """Images expected in each cell (4, k) for an odds ratio, with the margins fixed."""
    having = _having(tables)
    product = odds * tables.count * having
    linear = tables.other_count - having + odds * (tables.count + having)
    both = 2 * product / (linear + np.sqrt(np.maximum(linear**2 + 4 * (1 - odds) * product, 0)))
    return np.array([both, tables.count - both, having - both, tables.other_count - having + both])


@lru_cache(maxsize=4096)
def _zelen(here: _Table, there: _Table) -> float:
    """P-value of Zelen's test: the probability of all outcomes no likelier than this one."""
    (hits, count, others, other), (hits2, count2, others2, other2) = here, there
    having, having2, both = hits + others, hits2 + others2, hits + hits2
    least = max(0, having - other, both - min(count2, having2))
    most = min(count, having, both - max(0, having2 - other2))
    a = np.arange(least, most + 1)
    logs = log_binomial(count, a) + log_binomial(other, having - a)
    logs += log_binomial(count2, both - a) + log_binomial(other2, having2 - both + a)
    likelihoods = np.exp(logs - logs.max())
    observed = likelihoods[hits - least]
    return float(likelihoods[likelihoods <= observed * (1 + TIED)].sum() / likelihoods.sum())
