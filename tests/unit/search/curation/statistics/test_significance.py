"""P-values and q-values, compared with SciPy and statsmodels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from splicedex.search.curation.statistics.significance import p_values, q_values
from tests.unit.search.curation.statistics.tables import TABLES

multitest = pytest.importorskip("statsmodels.stats.multitest")


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


def test_q_counts_only_what_was_tested():
    p = np.array([[0.01, 0.5, 0.2], [0.04, 0.001, 0.9]])
    tested = np.array([[True, False, True], [True, False, False]])
    q = q_values(p, tested)
    np.testing.assert_allclose(q[tested], multitest.multipletests(p[tested], method="fdr_bh")[1])
    assert (q[~tested] == 1).all()


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
