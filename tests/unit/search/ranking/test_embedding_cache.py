import numpy as np
import pytest
from scipy.sparse import csr_array

import splicedex.search.ranking.embedding_cache
from splicedex.indexer.engines.base import Batch
from splicedex.indexer.store.index import point_id
from splicedex.search.ranking.embedding_cache import EmbeddingCache
from splicedex.splice.presence.activation import Activations
from tests.photos import make_embeddings, make_index, make_space, name

SPACE = make_space()
PHOTOS = make_embeddings(SPACE, 40)
IDS = [point_id(name(row)) for row in range(40)]


@pytest.fixture(params=["edge", "memory"])
def index(request, tmp_path):
    made = make_index(tmp_path / "made", request.param, SPACE, PHOTOS)
    yield made
    made.close()


def expected(index, rows):
    return index.calibration.activations.standardised(PHOTOS[rows])


def asked_of(index, monkeypatch):
    """The ids that are read from the engine from now on."""
    asked, retrieve = [], index.engine.retrieve

    def spy(ids, **options):
        asked.append(list(ids))
        return retrieve(ids, **options)

    monkeypatch.setattr(index.engine, "retrieve", spy)
    return asked


def test_those_that_are_there_in_the_order_asked(index):
    images = EmbeddingCache(index)
    for _ in range(2):
        found = images.of([IDS[3], point_id("nowhere"), IDS[1]], index.calibration.activations)
        assert list(found) == [IDS[3], IDS[1]]
        np.testing.assert_allclose(list(found.values()), expected(index, [3, 1]), atol=1e-5)
    assert images.of([], index.calibration.activations) == {}


def test_what_is_known_is_not_read_again(index, monkeypatch):
    images, asked = EmbeddingCache(index), asked_of(index, monkeypatch)
    images.of(IDS[:10], index.calibration.activations)
    images.of(IDS[5:12], index.calibration.activations)
    if not index.engine.exclusive:  # others may have written meanwhile
        assert asked == [IDS[:10], IDS[5:12]]
    else:
        assert asked == [IDS[:10], IDS[10:12]]


def test_what_was_written_is_read_again(index):
    images = EmbeddingCache(index)
    images.of(IDS[:4], index.calibration.activations)
    weights = csr_array((1, len(SPACE.concepts)), dtype=np.float32)
    index.engine.upsert(Batch([IDS[2]], PHOTOS[[7]], weights, [{"path": name(2)}]))
    index.engine.delete([IDS[3]])
    found = images.of(IDS[:4], index.calibration.activations)
    assert list(found) == IDS[:3]
    np.testing.assert_allclose(list(found.values()), expected(index, [0, 1, 7]), atol=1e-5)


def test_no_more_are_kept_than_agreed(index, monkeypatch):
    monkeypatch.setattr(splicedex.search.ranking.embedding_cache, "KEPT", 4 * SPACE.dim * 10)
    images, asked = EmbeddingCache(index), asked_of(index, monkeypatch)
    for ids in (IDS[:8], IDS[6:12], IDS[6:12], IDS):
        found = images.of(ids, index.calibration.activations)
        assert list(found) == ids
        rows = [IDS.index(id_) for id_ in ids]
        np.testing.assert_allclose(list(found.values()), expected(index, rows), atol=1e-5)
    if index.engine.exclusive:
        assert asked == [IDS[:8], IDS[6:12], IDS]


def test_what_was_read_otherwise_is_read_again(index):
    images, words = EmbeddingCache(index), Activations.of_words(SPACE)
    learnt = images.of(IDS[:4], index.calibration.activations)
    found = images.of(IDS[:4], words)
    np.testing.assert_allclose(list(found.values()), words.standardised(PHOTOS[:4]), atol=1e-5)
    assert not np.allclose(list(found.values()), list(learnt.values()), atol=1e-3)
