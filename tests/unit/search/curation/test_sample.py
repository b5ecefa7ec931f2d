"""Random draws."""

import numpy as np
import pytest

from splicedex.search.curation.sample import sample
from splicedex.search.curation.subsets.selection import draw
from splicedex.splice.errors import UserError
from tests.planted import COUNT
from tests.unit.search.curation.matching import found_by


def test_a_sample_is_uniform_and_repeatable(searcher):
    found = sample(searcher, "label:dog", 30, seed=3)
    ids = [image.id for image in found.chosen]
    assert len(set(ids)) == 30
    assert set(ids) <= found_by(searcher, "label:dog")
    assert sample(searcher, "label:dog", 30, seed=3) == found
    assert sample(searcher, "label:dog", 30, seed=4) != found
    assert len(sample(searcher, "label:dog", 10_000).chosen) == COUNT // 2
    smaller = sample(searcher, "label:dog split:train", 30, seed=3)
    kept = set(ids) & found_by(searcher, "split:train")
    assert kept <= {image.id for image in smaller.chosen}
    times = np.zeros(50)
    for seed in range(2000):
        times[[int(one) for one in draw(map(str, range(50)), 10, seed)]] += 1
    assert abs(times / 2000 - 0.2).max() < 0.05
    for count, seed in ((0, 0), (1, -1)):
        with pytest.raises(UserError):
            sample(searcher, "", count, seed)
