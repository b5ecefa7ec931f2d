"""The nearest images over the mapped copy, against all products."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splicedex.indexer.engines.query import And, HasId, Not
from splicedex.search.ranking.nearest_mapped import nearest_mapped
from splicedex.splice.align import unit
from tests.photos import make_embeddings, make_index, make_space

PHOTOS = 300


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    space = make_space()
    rows = make_embeddings(space, PHOTOS)
    rows[10:20] = rows[10]  # equals
    index = make_index(tmp_path_factory.mktemp("nearest") / "edge", "edge", space, rows)
    yield index.engine.mapped
    index.close()


@given(st.integers(0, 2**32 - 1), st.integers(0, 250), st.integers(1, 60), st.booleans())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_equals_all_products(snapshot, seed, start, length, like_one):
    random = np.random.default_rng(seed)
    vector = (
        snapshot.embeddings[12] if like_one else random.normal(size=snapshot.embeddings.shape[1])
    )
    vector = unit(np.asarray(vector, np.float32))
    excluded = [snapshot.id_of(row) for row in random.choice(PHOTOS, 5)]
    rows = snapshot.select(And((Not(HasId(tuple(excluded))),)))
    found = nearest_mapped(snapshot, vector, rows, start, length)
    scores = dict(
        zip(map(snapshot.id_of, rows), (snapshot.embeddings[rows] @ vector).tolist(), strict=True)
    )
    expected = sorted(scores.items(), key=lambda one: (-one[1], one[0]))[start : start + length]
    assert len(found) == len(expected)
    assert [score for _, score in found] == pytest.approx([s for _, s in expected], abs=1e-6)
    order = [(-score, id_) for id_, score in found]
    assert order == sorted(order)
    assert all(abs(scores[id_] - score) < 1e-6 for id_, score in found)
