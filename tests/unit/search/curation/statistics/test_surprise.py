"""Surprises of concepts and of images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from splicedex.search.curation.statistics.surprise import mean_surprise, surprise


def test_surprises():
    assert surprise([499, 0], 998) == pytest.approx([1, np.log2(1000)])
    shown = csr_array(np.array([[0.5, 0.5], [1, 0], [0.9, 0.3], [0, 0]]))
    found = mean_surprise(shown, np.array([1.0, 5.0]), 7.0)
    assert found == pytest.approx([3, 1, 2, 7])


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(50, 60))
def test_rarer_is_more_surprising(hits, count):
    bits = surprise(hits, count)
    assert (bits > 0).all()
    assert (np.argsort(bits, kind="stable") == np.argsort(-np.array(hits), kind="stable")).all()
    image = csr_array(np.ones((1, len(hits))))
    assert bits.min() - 1e-9 <= mean_surprise(image, bits, 0.0)[0] <= bits.max() + 1e-9
