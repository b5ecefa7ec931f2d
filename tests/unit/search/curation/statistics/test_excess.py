"""Excess over what the label's own concept and the other splits explain."""

import numpy as np
import pytest

from splicedex.search.curation.statistics.association import phi
from splicedex.search.curation.statistics.excess import (
    BootstrapIntervals,
    excess,
    explained,
    suspicion_p_values,
)
from splicedex.search.curation.statistics.two_by_two import Cells, LabelTables


def tables(hits, other_hits):
    """Tables of 100 images of the label and 100 of others."""
    return LabelTables(np.array(hits), 100, np.array(other_hits), 100)


def test_what_is_explained_is_a_product_and_never_negative():
    cosines = np.array([0.5, -0.2, 1.0], np.float32)
    np.testing.assert_allclose(explained(cosines, 0.6), [0.3, 0, 0.6])
    np.testing.assert_array_equal(explained(cosines, -0.6), [0, 0, 0])


def test_the_larger_explanation_is_subtracted():
    phis = [np.array([0.5, 0.5, 0.5]), np.array([0.1, 0.4, -0.2])]
    np.testing.assert_allclose(excess(phis, np.array([0.2, 0.2, 0.0])), [0.3, 0.1, 0.5])
    np.testing.assert_allclose(excess(phis[:1], 0.0), phis[0])


def test_both_hypotheses_have_to_be_rejected():
    here, there = tables([80, 80, 50], [20, 20, 50]), tables([50, 80, 80], [50, 20, 20])
    alone = suspicion_p_values([here])
    both = suspicion_p_values([here, there])
    assert (alone < 1e-6).tolist() == [True, True, False]
    assert (both < 1e-6).tolist() == [True, False, False]
    assert (both >= alone).all()


def test_bootstrap_intervals_hold_the_estimates():
    here, there = Cells(80, 20, 20, 80), Cells(60, 40, 40, 60)
    intervals = BootstrapIntervals([here, there])
    assert intervals.phi(0).value == pytest.approx(float(phi(*here.table)))
    assert intervals.excess(0.0).value == pytest.approx(0.6 - 0.2)
    assert intervals.excess(0.5).value == pytest.approx(0.1)
    for one in (intervals.phi(0), intervals.phi(1), intervals.npmi(0), intervals.excess(0.1)):
        assert one.low < one.value < one.high
