"""Pairs of near vectors, compared with all products."""

import numpy as np
import pytest

from splicedex.search.curation.subsets.exact_pairs import near_pairs
from splicedex.splice.align import unit


@pytest.mark.parametrize("least", [0.5, 0.9, 0.99])
def test_near_pairs_are_all_there_are(least):
    random = np.random.default_rng(1)
    rows = random.normal(size=(60, 100)) @ np.diag(1 / np.arange(1, 101))
    rows = unit(np.concatenate([rows + 0.02 * random.normal(size=rows.shape) for _ in range(3)]))
    found = {(i, j): cosine for i, j, cosine in near_pairs(rows.astype(np.float32), least)}
    cosines = np.triu(rows @ rows.T, 1)
    expected = {(int(i), int(j)) for i, j in zip(*np.nonzero(cosines >= least), strict=True)}
    assert set(found) == expected
    for pair, cosine in found.items():
        assert cosine == pytest.approx(cosines[pair], abs=1e-5)
