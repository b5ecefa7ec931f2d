from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.search.ranking.log_probability import LogProbability

ODDS = st.lists(st.floats(-30, 30), min_size=1, max_size=5)
WILD = st.floats(allow_nan=False)


def log_probabilities(odds):
    return [LogProbability.of_logit(np.array([one])) for one in odds]


def plain(odds):
    return 1 / (1 + np.exp(-np.array(odds)))


@given(ODDS)
def test_and_multiplies_or_is_noisy_and_not_swaps(odds):
    p = plain(odds)
    assert LogProbability.all(log_probabilities(odds)).probability == pytest.approx(
        [p.prod()], rel=1e-9
    )
    noisy = -np.expm1(np.log1p(-p).sum())
    assert LogProbability.any(log_probabilities(odds)).probability == pytest.approx(
        [noisy], rel=1e-9
    )
    assert (~log_probabilities(odds)[0]).probability == pytest.approx(
        [1 / (1 + np.exp(odds[0]))], rel=1e-9
    )


@given(ODDS, st.lists(st.sampled_from([0.5, 1.0, 2.0, 7.0]), min_size=5, max_size=5))
def test_boosts_ask_many_times(odds, boosts):
    boosts, p = boosts[: len(odds)], plain(odds)
    assert LogProbability.all(log_probabilities(odds), boosts).yes == pytest.approx(
        [boosts @ np.log(p)], rel=1e-6
    )
    no = boosts @ -np.logaddexp(0, odds)
    assert LogProbability.any(log_probabilities(odds), boosts).no == pytest.approx([no], rel=1e-6)


@pytest.mark.parametrize("digits", [1, 5, 15, 40, 200])
def test_near_certainties_are_exact(digits):
    tiny = Fraction(1, 10**digits)  # the odds of 1 in 10^digits + 1
    p = tiny / (1 + tiny)
    rare = LogProbability.of_logit(np.array([-digits * np.log(10)]))
    either = LogProbability.any([rare, rare, rare])
    assert either.probability[0] == pytest.approx(float(1 - (1 - p) ** 3), rel=1e-12)
    both = LogProbability.all([~rare, ~rare])
    assert np.exp(both.no[0]) == pytest.approx(float(1 - (1 - p) ** 2), rel=1e-12)
    assert rare.scaled(0.25).probability[0] == pytest.approx(float(p / 4), rel=1e-12)


@given(st.lists(WILD, min_size=1, max_size=4))
def test_de_morgan(odds):
    parts = log_probabilities(odds)
    denied = ~LogProbability.any(parts)
    each = LogProbability.all([~part for part in parts])
    np.testing.assert_array_equal(denied.yes, each.yes)
    np.testing.assert_array_equal(denied.no, each.no)


@given(st.lists(WILD, min_size=1, max_size=4), st.floats(1e-6, 1))
def test_never_nan_and_never_above_certain(odds, weight):
    parts = [part.scaled(weight) for part in log_probabilities(odds)]
    for found in (
        *parts,
        LogProbability.all(parts),
        LogProbability.any(parts),
        ~LogProbability.all(parts),
    ):
        for logarithm in (found.yes, found.no):
            assert not np.isnan(logarithm).any()
            assert (logarithm <= 0).all()


def test_facts_are_all_but_certain_and_finite():
    fact = LogProbability.certain(np.array([True, False]))
    assert fact.probability == pytest.approx([1, 0], abs=1e-20)
    assert np.isfinite([fact.yes, fact.no]).all()
    either = LogProbability.any([fact, LogProbability.of_logit(np.zeros(2))])
    assert either.probability == pytest.approx([1, 0.5])
