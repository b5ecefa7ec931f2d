"""Contrasts of two samples."""

import numpy as np

from splicedex.search.curation.statistics.contrast import contrast
from splicedex.search.curation.statistics.significance import q_values


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
