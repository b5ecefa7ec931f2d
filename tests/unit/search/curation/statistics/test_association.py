"""Measures of association, compared with their definitions."""

import numpy as np
import pytest
from scipy import stats

from splicedex.search.curation.statistics.association import (
    bootstrap,
    cramers_v,
    cramers_v_interval,
    npmi,
    phi,
)
from tests.unit.search.curation.statistics.tables import TABLES


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
