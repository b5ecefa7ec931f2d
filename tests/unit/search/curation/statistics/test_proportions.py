"""Shares and intervals, compared with SciPy and statsmodels."""

import numpy as np
import pytest
from scipy import stats
from scipy.sparse import csr_array

from splicedex.search.curation.statistics.proportions import log_odds_ratio, mean, newcombe, wilson
from tests.unit.search.curation.statistics.tables import COUNT, HITS, OTHER, OTHERS, TABLES

proportion = pytest.importorskip("statsmodels.stats.proportion")


contingency = pytest.importorskip("statsmodels.stats.contingency_tables")


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
