"""Concept distributions, compared with counting by hand."""

import numpy as np
import pytest

from splicedex.search.curation.distribution import distribution
from tests.planted import COUNT, SPACE, TRAIN
from tests.unit.search.curation.matching import found_by


def test_distribution(searcher):
    found = distribution(searcher, "label:dog split:train", limit=200)
    inside = found_by(searcher, "label:dog split:train")
    assert found.images == len(inside) == TRAIN // 2
    assert found.weighed == found.images
    assert {"dog", "beach"} & set(found.concepts[0].family)
    hits = searcher.index.engine.retrieve(sorted(inside), with_concepts=True)
    weights = np.zeros((len(hits), len(SPACE.concepts)))
    for row, hit in enumerate(hits):
        weights[row, hit.concepts.indices] = hit.concepts.values
    for one in found.concepts:
        here = inside & found_by(searcher, one.query)
        assert one.images == len(here)
        assert one.share.value == pytest.approx(len(here) / len(inside))
        assert one.share.low <= one.share.value <= one.share.high
        ids = [SPACE.ids[name] for name in one.family]
        assert one.weight.value == pytest.approx(weights[:, ids].sum(axis=1).mean(), abs=1e-6)
        everywhere = len(found_by(searcher, one.query))
        assert one.lift == pytest.approx(one.share.value * COUNT / max(everywhere, 1))
    shares = [one.share.value for one in found.concepts]
    assert shares == sorted(shares, reverse=True)
    by_weight = distribution(searcher, "label:dog split:train", limit=200, order="weight").concepts
    assert [one.weight.value for one in by_weight] == sorted(
        (one.weight.value for one in by_weight), reverse=True
    )
    assert {one for one in found.concepts if one.weight.value} <= set(by_weight)
    by_lift = distribution(searcher, "label:dog", limit=3, order="lift")
    assert by_lift.concepts[0].concept in {"dog", "puppy", "hound"}
    assert distribution(searcher, "", limit=1).images == COUNT
