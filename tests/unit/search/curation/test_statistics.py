"""The statistics of curation beside scipy and statsmodels, on planted tables."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import csr_array

from splicedex.search.curation.statistics.association import (
    bootstrap,
    cramers_v,
    cramers_v_interval,
    npmi,
    phi,
)
from splicedex.search.curation.statistics.contrast import contrast
from splicedex.search.curation.statistics.homogeneity import change
from splicedex.search.curation.statistics.proportions import log_odds_ratio, mean, newcombe, wilson
from splicedex.search.curation.statistics.significance import p_values, q_values
from splicedex.search.curation.subsets.crosstab import Pairs

proportion = pytest.importorskip("statsmodels.stats.proportion")
contingency = pytest.importorskip("statsmodels.stats.contingency_tables")
multitest = pytest.importorskip("statsmodels.stats.multitest")

# hits, count, others, other: common, rare, none, all, lopsided.
TABLES = [
    (30, 100, 45, 120),
    (3, 50, 0, 60),
    (0, 50, 0, 60),
    (50, 50, 60, 60),
    (1, 7, 5, 9000),
    (4000, 10000, 4500, 10000),
    (0, 10, 10, 10),
    (12, 15, 3, 500),
]
HITS, COUNT, OTHERS, OTHER = (np.array(column) for column in zip(*TABLES, strict=True))


def test_wilson():
    found = wilson(HITS, COUNT)
    low, high = proportion.proportion_confint(HITS, COUNT, method="wilson")
    np.testing.assert_allclose(found.low, low, atol=1e-12)
    np.testing.assert_allclose(found.high, high, atol=1e-12)


def test_newcombe():
    found = newcombe(HITS, COUNT, OTHERS, OTHER)
    for row, table in enumerate(TABLES):
        low, high = proportion.confint_proportions_2indep(*table, method="newcomb", compare="diff")
        assert found.low[row] == pytest.approx(low, abs=1e-9)
        assert found.high[row] == pytest.approx(high, abs=1e-9)


def test_log_odds_ratio():
    found = log_odds_ratio(HITS, COUNT, OTHERS, OTHER)
    for row, (a, n, b, m) in enumerate(TABLES):
        table = contingency.Table2x2(np.array([[a, n - a], [b, m - b]]) + 0.5)
        assert found.value[row] == pytest.approx(table.log_oddsratio)
        expected = table.log_oddsratio_confint()
        assert (found.low[row], found.high[row]) == pytest.approx(expected)


def test_mean():
    values = np.random.default_rng(1).exponential(size=(50, 3))
    found = mean(csr_array(values))
    low, high = stats.t.interval(0.95, 49, values.mean(axis=0), stats.sem(values, axis=0))
    np.testing.assert_allclose(found.low, low)
    np.testing.assert_allclose(found.high, high)
    one = mean(csr_array(values[:1]))
    np.testing.assert_array_equal(one.low, one.high)


@pytest.mark.parametrize(("a", "n", "b", "m"), TABLES)
def test_p_is_fisher_where_counts_are_few_and_pearson_elsewhere(a, n, b, m):
    [p] = p_values(np.array([a]), n, np.array([b]), m)
    table = np.array([[a, n - a], [b, m - b]])
    if a + b in (0, n + m):
        assert p == 1
    elif stats.contingency.expected_freq(table).min() < 5:
        assert p == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-7)
    else:
        assert p == pytest.approx(stats.chi2_contingency(table, correction=False).pvalue)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_fisher(n, m, data):
    a, b = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    [p] = p_values(np.array([a]), n, np.array([b]), m)
    assert 0 <= p <= 1
    table = np.array([[a, n - a], [b, m - b]])
    if 0 < a + b < n + m and stats.contingency.expected_freq(table).min() < 5:
        assert p == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-6)


def test_q():
    p = np.random.default_rng(2).random(200) ** 3
    np.testing.assert_allclose(q_values(p), multitest.multipletests(p, method="fdr_bh")[1])
    assert len(q_values(np.zeros(0))) == 0


def rows(a, n, b, m):
    """A table as two columns of zeros and ones."""
    label = np.r_[np.ones(n), np.zeros(m)]
    concept = np.r_[np.ones(a), np.zeros(n - a), np.ones(b), np.zeros(m - b)]
    return label, concept


@pytest.mark.parametrize("table", TABLES)
def test_phi_is_correlation(table):
    label, concept = rows(*table)
    expected = np.corrcoef(label, concept)[0, 1] if concept.std() else 0.0
    assert float(phi(*table)) == pytest.approx(expected)


def test_npmi():
    assert float(npmi(50, 50, 0, 50)) == pytest.approx(1)
    assert float(npmi(0, 50, 10, 50)) == -1
    assert float(npmi(20, 50, 20, 50)) == pytest.approx(0, abs=1e-12)
    p_both, p_label, p_concept = 30 / 220, 100 / 220, 75 / 220
    expected = np.log(p_both / (p_label * p_concept)) / -np.log(p_both)
    assert float(npmi(30, 100, 45, 120)) == pytest.approx(expected)


def test_cramers_v():
    table = np.array([[30, 5, 10], [4, 40, 12]])
    n = table.sum()
    square = stats.contingency.association(table, correction=False) ** 2  # of two rows: phi²
    square = max(0, square - 2 / (n - 1))
    assert cramers_v(table) == pytest.approx(np.sqrt(square / (1 - 1 / (n - 1))))
    padded = np.pad(table, ((0, 1), (0, 1)))
    assert cramers_v(padded) == pytest.approx(cramers_v(table))
    assert cramers_v([[5, 0], [7, 0]]) == 0
    assert cramers_v([[50, 0], [0, 50]]) == pytest.approx(1)
    drawn = np.random.default_rng(3).multinomial(60, np.full(12, 1 / 12), 300).reshape(300, 4, 3)
    raw = [stats.contingency.association(one, method="cramer") for one in drawn]
    assert cramers_v(drawn).mean() < 0.5 * np.mean(raw)
    found = cramers_v_interval(table)
    assert found.low <= found.value <= found.high
    assert found.low > 0.3


def test_bootstrap_spreads_as_much_as_samples_do():
    """Its deviation is the large-sample one of a correlation of zeros and ones, here 1/√n."""
    drawn = phi(*bootstrap([100], 200, [100], 200))
    assert drawn.shape == (2000, 1)
    assert float(drawn.std()) == pytest.approx(1 / np.sqrt(400), rel=0.1)
    assert float(drawn.mean()) == pytest.approx(0, abs=0.01)


def pairs(hits, count, others, other):
    return Pairs(np.atleast_1d(hits), count, np.atleast_1d(others), other)


def test_change_of_an_association():
    def of_hundreds(hits, others):
        return pairs(hits, 100, others, 100)

    assert change(of_hundreds(80, 20), of_hundreds(50, 50))[0] < 1e-6
    assert change(of_hundreds(50, 50), of_hundreds(50, 50))[0] == pytest.approx(1)
    random = np.random.default_rng(6)
    tables = random.binomial(100, [[0.6], [0.3], [0.6], [0.3]], (4, 2000))
    by_chance = change(of_hundreds(tables[0], tables[1]), of_hundreds(tables[2], tables[3]))
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
def test_change_is_breslow_and_day_s_where_images_are_many(one, two):
    tables = [np.array([[a, n - a], [b, m - b]], float) for a, n, b, m in (one, two)]
    expected = contingency.StratifiedTable(tables).test_equal_odds(adjust=True).pvalue
    assert change(pairs(*one), pairs(*two))[0] == pytest.approx(expected, rel=1e-6)


few = st.tuples(st.integers(1, 9), st.integers(1, 9)).flatmap(
    lambda sizes: st.tuples(
        st.integers(0, sizes[0]), st.just(sizes[0]), st.integers(0, sizes[1]), st.just(sizes[1])
    )
)


@given(few, few)
def test_change_is_zelen_s_where_images_are_few(one, two):
    """Beside all pairs of tables of the same margins and as many images with both, counted."""
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
    assert change(pairs(*one), pairs(*two))[0] == pytest.approx(float(expected))


def test_change_sees_a_cell_that_stayed_empty():
    """58 of 120 and none of 120, where 43 and 10 of 120 are as usual."""
    assert change(pairs(58, 120, 0, 120), pairs(43, 120, 10, 120))[0] < 1e-3


def test_associations_that_are_the_same_in_both_parts_show_no_change():
    """In at least 95% of 200 runs none of 300 has q < .05, however strong and rare they are."""
    random = np.random.default_rng(7)
    quiet = 0
    for _ in range(200):
        without = random.random(300) ** 3
        having = np.clip(without * random.choice([1, 2, 5], 300), 0, 0.95)
        here, there = (
            pairs(random.binomial(n, having), n, random.binomial(n, without), n)
            for n in random.choice([60, 120, 1000], 2).tolist()
        )
        quiet += bool((q_values(change(here, there)) >= 0.05).all())
    assert quiet >= 190


def test_planted_differences_are_found_and_no_others():
    random = np.random.default_rng(4)
    shares = random.random(400) ** 4
    hits, others = (random.binomial(1000, shares) for _ in range(2))
    hits[:10] = random.binomial(1000, np.minimum(shares[:10] + 0.25, 1))
    found = contrast(hits, 1000, others, 1000)
    leading = found.leading(q_values(found.p), "share")
    assert set(range(10)) <= set(leading.tolist())
    assert len(leading) <= 12
    assert set(leading[:10].tolist()) == set(range(10))


@pytest.mark.parametrize(("images", "part"), [(400, 200), (3000, 150), (5000, 2500)])
def test_random_splits_show_nothing(images, part):
    """In at least 95% of 200 random splits no concept differs at q < .05."""
    random = np.random.default_rng(5)
    shares = np.r_[random.random(150) ** 3, np.full(100, 2 / images)]
    # Concepts come together, as they do in photos: each copies its neighbour half the time.
    rows = random.random((images, len(shares))) < shares
    copied = random.random((images, len(shares))) < 0.5
    rows[:, 1::2] = np.where(copied[:, 1::2], rows[:, ::2], rows[:, 1::2])
    total = rows.sum(axis=0)
    quiet = 0
    for _ in range(200):
        hits = rows[random.permutation(images)[:part]].sum(axis=0)
        p = p_values(hits, part, total - hits, images - part)
        quiet += not (q_values(p) < 0.05).any()
    assert quiet >= 190
