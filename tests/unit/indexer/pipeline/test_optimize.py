import numpy as np
import pytest

from splicedex.indexer.engines.base import Batch
from splicedex.indexer.engines.edge import config as config_module
from splicedex.indexer.engines.edge import engine as engine_module
from splicedex.indexer.engines.edge.config import SMALL, chosen
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.engines.query import Nearest, Query
from splicedex.indexer.pipeline.optimize import is_due, optimize
from splicedex.indexer.store.index import open_index, point_id
from splicedex.splice.align import unit
from splicedex.splice.errors import UserError
from tests.photos import DIM, make_embeddings, make_index, make_space

SPACE = make_space()
PHOTOS = make_embeddings(SPACE, 120)


@pytest.fixture
def folder(tmp_path):
    make_index(tmp_path / "made", "edge", SPACE, PHOTOS).close()
    return tmp_path / "made" / "index"


def test_few_images_are_scanned_and_many_get_a_graph():
    assert chosen("auto", SMALL - 1) == "exact"
    assert chosen("auto", SMALL) == "int8"
    assert chosen("hnsw", 1) == "hnsw"


@pytest.mark.parametrize("ann", ["exact", "hnsw", "int8"])
def test_all_methods_give_the_same_answers(folder, ann):
    query = Query(Nearest(unit(PHOTOS[3] + PHOTOS[4])), limit=7)
    with EdgeEngine.open(folder / "points") as engine:
        before = [(hit.id, hit.payload) for hit in engine.query(query)]
    optimize(folder, ann)
    with EdgeEngine.open(folder / "points") as engine:
        assert engine.count() == len(PHOTOS)
        assert [(hit.id, hit.payload) for hit in engine.query(query)] == before
        engine.delete([before[0][0]])
        assert [hit.id for hit in engine.query(query)][:6] == [id_ for id_, _ in before[1:]]


def test_points_written_after_optimizing_are_found(folder, monkeypatch):
    monkeypatch.setattr(engine_module, "SMALL", 50)
    monkeypatch.setattr(engine_module, "COMPACT", 20)
    with EdgeEngine.open(folder / "points") as engine:
        assert engine.wants_optimizing()
        engine.optimize("hnsw")
        new = np.eye(DIM, dtype=np.float32)[:1]
        weights = make_weights()
        engine.upsert(Batch([point_id("new")], new, weights, [{"path": "new"}]))
        assert engine.query(Query(Nearest(new[0]), limit=1))[0].payload == {"path": "new"}


def test_a_collection_that_grows_is_rewritten_then_gets_a_graph(folder, monkeypatch):
    for module in (engine_module, config_module):
        monkeypatch.setattr(module, "COMPACT", 100)
        monkeypatch.setattr(module, "SMALL", 150)
    with EdgeEngine.open(folder / "points") as engine:
        assert engine.wants_optimizing()
        engine.optimize()
        assert not engine.wants_optimizing()
        for number in range(40):
            some = unit(np.ones((1, DIM), np.float32) * np.arange(number, number + DIM))
            engine.upsert(Batch([point_id(f"{number}")], some, make_weights(), [{"path": "x"}]))
        assert engine.wants_optimizing()
        assert not engine.wants_optimizing(built="exact")
        engine.optimize()
        assert not engine.wants_optimizing()
        assert engine.count() == 160


def make_weights():
    from scipy.sparse import csr_array

    return csr_array(np.ones((1, len(SPACE.concepts)), np.float32))


def test_a_small_index_is_optimized_only_on_request(folder):
    with open_index(folder) as index:
        assert not is_due(index, None)
        assert is_due(index, "hnsw")
    optimize(folder, "hnsw")
    with open_index(folder) as index:
        assert index.manifest.ann == "hnsw"
        assert not is_due(index, None)
        assert not is_due(index, "hnsw")
        assert is_due(index, "int8")


def test_errors_of_the_child_reach_the_user(folder, tmp_path):
    with pytest.raises(UserError, match="holds no index"):
        optimize(tmp_path / "nowhere", "hnsw")
    with open_index(folder), pytest.raises(UserError, match="holds the index"):
        optimize(folder, "hnsw")
