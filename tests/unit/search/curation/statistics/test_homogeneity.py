"""Tests for equal odds ratios, compared with statsmodels and with counting."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.search.curation.statistics.homogeneity import equal_odds_p_values
from splicedex.search.curation.statistics.significance import q_values
from splicedex.search.curation.statistics.two_by_two import LabelTables

contingency = pytest.importorskip("statsmodels.stats.contingency_tables")


def pairs(hits, count, others, other):
    return LabelTables(np.atleast_1d(hits), count, np.atleast_1d(others), other)


def test_a_changed_association_is_found():
    def of_hundreds(hits, others):
        return pairs(hits, 100, others, 100)

    assert equal_odds_p_values(of_hundreds(80, 20), of_hundreds(50, 50))[0] < 1e-6
    assert equal_odds_p_values(of_hundreds(50, 50), of_hundreds(50, 50))[0] == pytest.approx(1)
    random = np.random.default_rng(6)
    tables = random.binomial(100, [[0.6], [0.3], [0.6], [0.3]], (4, 2000))
    by_chance = equal_odds_p_values(
        of_hundreds(tables[0], tables[1]), of_hundreds(tables[2], tables[3])
    )
    assert 0.03 < (by_chance < 0.05).mean() < 0.07


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ((30, 100, 45, 120), (60, 100, 20, 90)),
        ((4000, 10000, 4500, 10000), (40, 90, 50, 110)),
        ((900, 1000, 300, 1000), (800, 1000, 250, 1000)),
        ((55, 100, 54, 100), (550, 1000, 550, 1000)),
    ],
)
def test_breslow_day_where_images_are_many(one, two):
    tables = [np.array([[a, n - a], [b, m - b]], float) for a, n, b, m in (one, two)]
    expected = contingency.StratifiedTable(tables).test_equal_odds(adjust=True).pvalue
    assert equal_odds_p_values(pairs(*one), pairs(*two))[0] == pytest.approx(expected, rel=1e-6)


few = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda sizes: st.tuples(
        st.integers(0, sizes[0]), st.just(sizes[0]), st.integers(0, sizes[1]), st.just(sizes[1])
    )
)


@given(few, few)
def test_zelen_where_images_are_few(one, two):
    """Compared with a count of all pairs of tables with the same margins and sum of both."""
    (hits, count, others, other), (hits2, count2, others2, other2) = one, two
    ways = {}
    for a in range(hits + others + 1):
        a2 = hits + hits2 - a
        rest = (hits + others - a, hits2 + others2 - a2)
        if a2 >= 0 and min(rest) >= 0:
            ways[a] = (
                comb(count, a) * comb(other, rest[0]) * comb(count2, a2) * comb(other2, rest[1])
            )
    expected = Fraction(sum(w for w in ways.values() if w <= ways[hits]), sum(ways.values()))
    assert equal_odds_p_values(pairs(*one), pairs(*two))[0] == pytest.approx(float(expected))


def test_a_cell_that_stayed_empty_is_noticed():
    """58 of 120 and none of 120, where 43 and 10 of 120 are as usual."""
    assert equal_odds_p_values(pairs(58, 120, 0, 120), pairs(43, 120, 10, 120))[0] < 1e-3


def test_associations_that_are_the_same_in_both_parts_show_no_equal_odds_p_values():
    """In at least 95% of 200 runs none of 300 has q < .05, strong or rare as they may be."""
    random = np.random.default_rng(7)
    quiet = 0
    for _ in range(200):
        without = random.random(300) ** 3
        having = np.clip(without * random.choice([1, 2, 5], 300), 0, 0.95)
        here, there = (
            pairs(random.binomial(n, having), n, random.binomial(n, without), n)
            for n in random.choice([60, 120, 1000], 2).tolist()
        )
        quiet += bool((q_values(equal_odds_p_values(here, there)) >= 0.05).all())
    assert quiet >= 190
