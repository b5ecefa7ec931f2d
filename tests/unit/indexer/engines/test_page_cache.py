from splicedex.indexer.engines.edge import config as config_module
from splicedex.indexer.engines.edge import engine as engine_module
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.engines.edge.page_cache import (
    OPENING,
    by_point,
    by_value,
    column,
    read_ahead,
)
from splicedex.indexer.store.index import open_index
from tests.photos import make_embeddings, make_index, make_space


def test_what_is_read_is_there_under_the_names_that_the_engine_gives(tmp_path, monkeypatch):
    space = make_space()
    index = make_index(tmp_path / "made", "edge", space, make_embeddings(space, 40))
    index.close()
    for module in (engine_module, config_module):
        monkeypatch.setattr(module, "SMALL", 16)
    with EdgeEngine.open(index.folder / "points") as engine:
        engine.optimize("int8")
        engine.create_index("Finding_Labels", "keyword")
    parts = (column("label"), column("Finding_Labels"), by_point("presence"), by_value("strengths"))
    for part in (*OPENING, *parts):
        assert any((index.folder / "points").glob(f"segments/*/{part}")), part


def test_opening_reads_ahead_and_what_cannot_be_read_is_passed_over(tmp_path, monkeypatch):
    space = make_space()
    index = make_index(tmp_path / "made", "edge", space, make_embeddings(space, 10))
    index.close()
    (index.folder / "points" / "segments" / "x").mkdir()
    (index.folder / "points" / "segments" / "x" / "quantized").mkdir()
    asked = []
    monkeypatch.setattr(engine_module, "read_ahead", lambda points, parts: asked.extend(parts))
    with open_index(index.folder):
        pass
    assert {*OPENING, column("label")} <= set(asked)
    read_ahead(index.folder / "points", ["*"])
    read_ahead(tmp_path / "nothing", OPENING)
