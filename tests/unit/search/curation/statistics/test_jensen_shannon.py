"""The permutation test, compared with SciPy's distance of mean weights."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.spatial.distance import jensenshannon

from splicedex.search.curation.statistics.jensen_shannon import permutation_test


def sample(rows, shares, seed):
    """Weights (rows, k), each above 0 with a given probability."""
    random = np.random.default_rng(seed)
    return random.random((rows, len(shares))) * (random.random((rows, len(shares))) < shares)


def test_the_distance_is_of_mean_weights():
    first, second = sample(40, [0.5, 0.2, 0.1], 1), sample(60, [0.1, 0.2, 0.5], 2)
    found = permutation_test(csr_array(first), csr_array(second), 199, seed=0)
    assert found.distance == pytest.approx(jensenshannon(first.mean(0), second.mean(0), 2))
    assert found.p == 1 / 200
    assert 0 < found.by_chance[0] < found.by_chance[1] < found.distance


def test_equal_distributions_are_not_significant():
    shares = np.linspace(0.05, 0.5, 20)
    p = [
        permutation_test(
            csr_array(sample(50, shares, seed)), csr_array(sample(50, shares, 1000 + seed)), 99, 0
        ).p
        for seed in range(40)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.15


def test_equal_samples_have_distance_0():
    rows = csr_array(sample(30, [0.5, 0.2], 3))
    found = permutation_test(rows, rows, 99, seed=0)
    assert found.distance == pytest.approx(0, abs=1e-6)
    assert found.p == 1
