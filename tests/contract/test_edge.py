"""The embedded engine alone: it owns a folder and loses nothing."""

from __future__ import annotations

import errno
import shutil
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import qdrant_edge as edge
from conftest import DIM, Points, ids_of
from reference import rank

import splicedex.indexer.engines.edge.engine
from splicedex.indexer.engines.edge import integrity
from splicedex.indexer.engines.edge.engine import MAPPED, EdgeEngine
from splicedex.indexer.engines.mapped.column import Column
from splicedex.indexer.engines.query import DENSE, SPARSE, And, Match, Nearest, Query
from splicedex.splice.errors import UserError
from tests.paths import ROOT

WRITER = """
import sys
from pathlib import Path
import numpy as np
from scipy.sparse import csr_array
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.engines.base import Batch

ids, dim, step = sys.argv[2].split(), int(sys.argv[3]), 5
engine = EdgeEngine.open(Path(sys.argv[1]))
for start in range(0, len(ids), step):
    some = ids[start : start + step]
    payloads = [{"row": start + row} for row in range(step)]
    engine.upsert(Batch(some, np.ones((step, dim)), csr_array((step, 3)), payloads))
    engine.set_payload(some[1:2], {"late": True})
    engine.delete(some[:1])
    print(start + step, flush=True)
"""
HOLDER = """
import sys
from pathlib import Path
from splicedex.indexer.engines.edge.engine import EdgeEngine

with EdgeEngine.open(Path(sys.argv[1])) as engine:
    print(engine.count(), flush=True)
    sys.stdin.readline()
    print(engine.count(), flush=True)
"""

QUERY = Nearest(np.ones(DIM, dtype=np.float32), exact=True)


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def test_acknowledged_writes_survive_a_kill(folder: Path) -> None:
    ids = ids_of(2000)
    EdgeEngine.create(folder, DIM).close()

    with start(WRITER, str(folder), " ".join(ids), str(DIM)) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(30)][-1]
        writer.send_signal(signal.SIGKILL)

    with EdgeEngine.open(folder) as engine:
        held = {hit.id: hit.payload for hit in engine.scroll()}
        assert mapped_ids(engine) == set(held)
    for row, point in enumerate(ids[:acknowledged]):
        if row % 5 == 0:
            assert point not in held
        else:
            assert held[point] == {"row": row, **({"late": True} if row % 5 == 1 else {})}


def mapped_ids(engine: EdgeEngine) -> set[str]:
    copied = engine.mapped
    assert copied is not None
    return {copied.id_of(row) for row in copied.select(And(()))}


class TestMapped:
    """The mapped copy follows the engine."""

    @pytest.fixture
    def filled(self, folder: Path, points: Points) -> Path:
        for row, payload in enumerate(points.payloads):
            payload["concepts"] = [row % 5, row % 7]
        with EdgeEngine.create(folder, DIM) as engine:
            engine.create_index("concepts", "lookup")
            engine.upsert(points.batch)
        return folder

    @staticmethod
    def assert_agrees(engine: EdgeEngine) -> None:
        copied = engine.mapped
        assert copied is not None
        held = list(engine.scroll(with_dense=True))
        assert copied.points == len(held)
        rows = copied.rows_of([hit.id for hit in held])
        assert {copied.id_of(row) for row in rows} == {hit.id for hit in held}
        dense = {hit.id: hit.dense for hit in held}
        assert all((copied.embeddings[row] == dense[copied.id_of(row)]).all() for row in rows)
        for value in range(8):
            passing = Match("concepts", (value,))
            found = {copied.id_of(row) for row in copied.select(passing)}
            assert found == {hit.id for hit in engine.scroll(passing)}

    def test_every_kind_of_write(self, filled: Path, points: Points) -> None:
        some = points.batch.ids[:20]
        with EdgeEngine.open(filled) as engine:
            self.assert_agrees(engine)
            engine.delete(some[:3])
            self.assert_agrees(engine)
            engine.set_payload(some[3:6], {"concepts": [1]})
            self.assert_agrees(engine)
            engine.set_payloads({some[7]: {"concepts": [2, 3]}, some[8]: {"concepts": None}})
            self.assert_agrees(engine)
            engine.upsert(points.batch)
            self.assert_agrees(engine)
            engine.delete(points.batch.ids)
            self.assert_agrees(engine)

    def test_other_payload_is_not_read_again(self, filled: Path, points: Points) -> None:
        with EdgeEngine.open(filled) as engine:
            before = engine.mapped
            engine.set_payload(points.batch.ids, {"tag": "new"})
            assert engine.mapped is before

    def test_a_new_field_is_mapped(self, filled: Path) -> None:
        with EdgeEngine.open(filled) as engine:
            engine.create_index("more", "lookup")
            copied = engine.mapped
            assert copied is not None
            assert copied.answers(And((Match("more", (1,)), Match("concepts", (1,)))))
            self.assert_agrees(engine)

    def test_an_older_folder_gets_one_on_request(self, filled: Path) -> None:
        shutil.rmtree(filled / MAPPED)
        integrity.remove(filled)
        with EdgeEngine.open(filled) as engine:
            assert engine.mapped is None
            engine.map_points(["concepts"])
            self.assert_agrees(engine)

    def test_one_with_other_points_is_not_used(self, filled: Path, points: Points) -> None:
        shutil.copytree(filled / MAPPED, filled.parent / "older")
        with EdgeEngine.open(filled) as engine:
            engine.delete(points.batch.ids[:1])
        shutil.rmtree(filled / MAPPED)
        shutil.copytree(filled.parent / "older", filled / MAPPED)
        integrity.remove(filled)
        with EdgeEngine.open(filled) as engine:
            assert engine.mapped is None

    def test_a_full_disk_costs_the_copy_only(
        self, filled: Path, points: Points, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        with EdgeEngine.open(filled) as engine:
            with monkeypatch.context() as patch:
                patch.setattr(Column, "append", full)
                engine.upsert(points.batch)
                assert engine.mapped is None
            assert engine.count() == 50
            engine.map_points(["concepts"])
            self.assert_agrees(engine)


def test_folder_in_use_is_refused_and_left_alone(folder: Path, points: Points) -> None:
    with EdgeEngine.create(folder, DIM) as engine:
        engine.upsert(points.batch)

    with start(HOLDER, str(folder)) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "50\n"
        with pytest.raises(UserError, match="another process holds the index") as refusal:
            EdgeEngine.open(folder)
        assert str(folder) in refusal.value.cause
        holder.stdin.write("\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "50\n"

    with EdgeEngine.open(folder) as engine:
        assert engine.count() == 50


def test_reopened_index_answers_as_before(folder: Path, points: Points) -> None:
    with EdgeEngine.create(folder, DIM) as engine:
        engine.create_index("label", "keyword")
        engine.upsert(points.batch)
        before = list(engine.scroll(with_dense=True)), engine.facet("label")

    with EdgeEngine.open(folder) as engine:
        after = list(engine.scroll(with_dense=True)), engine.facet("label")

    assert repr(after) == repr(before)


def test_create_refuses_a_folder_that_holds_an_index(folder: Path, points: Points) -> None:
    with EdgeEngine.create(folder, DIM) as engine:
        engine.upsert(points.batch)

    with pytest.raises(UserError, match="already holds an index"):
        EdgeEngine.create(folder, DIM)

    with EdgeEngine.open(folder) as engine:
        assert engine.count() == 50


def test_answers_stay_right_over_several_segments(folder: Path) -> None:
    rng = np.random.default_rng(3)
    points = Points(3000)
    for payload in points.payloads:
        payload["concepts"] = rng.integers(0, 20, size=4).tolist()
    EdgeEngine.create(folder, DIM).close()
    eager = edge.EdgeConfig(
        vectors={DENSE: edge.EdgeVectorParams(size=DIM, distance=edge.Distance.Cosine)},
        sparse_vectors={SPARSE: edge.EdgeSparseVectorParams()},
        optimizers=edge.EdgeOptimizersConfig(indexing_threshold=10),
    )
    shard = edge.EdgeShard.load(str(folder), eager)
    with EdgeEngine(shard, folder) as engine:
        engine.create_index("label", "keyword")
        engine.create_index("concepts", "integer")
        engine.upsert(points.batch)
        shard.optimize()
        for row in range(0, 3000, 3):
            points.payloads[row] = {"row": row, "label": "new", "concepts": [1, 20]}
        engine.upsert(points.batch)
        engine.delete(points.ids[:500])
        segments = len(list((folder / "segments").iterdir()))

        left = points.payloads[500:]
        new = [payload for payload in left if payload["label"] == "new"]
        best = rank(QUERY, points.dense[500:], points.concepts[500:])
        assert segments > 1
        assert [hit.payload["row"] for hit in engine.scroll()] == list(range(500, 3000))
        assert engine.count(Match("label", ("new",))) == len(new)
        assert dict(engine.facet("label")) == Counter(payload["label"] for payload in left)
        assert dict(engine.facet("concepts", limit=99)) == Counter(
            value for payload in left for value in {*payload["concepts"]}
        )
        assert dict(engine.facet("concepts", filter=Match("label", ("new",)))) == {
            1: len(new),
            20: len(new),
        }
        hits = engine.query(Query(QUERY, limit=20))
        assert [hit.payload["row"] - 500 for hit in hits] == list(best)[:20]


def test_open_refuses_a_folder_without_an_index_and_leaves_it_alone(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError, match="holds no index"):
            EdgeEngine.open(folder)

    assert list(tmp_path.iterdir()) == []


def test_log_of_writes_does_not_grow_without_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(splicedex.indexer.engines.edge.engine, "POINTS_A_FLUSH", 20)
    long = Points(20)
    long.payloads = [{"text": "x" * 1_000_000}] * 20

    with EdgeEngine.create(folder, DIM) as engine:
        for _ in range(8):
            engine.upsert(long.batch)
        log = sum(file.stat().st_blocks * 512 for file in (folder / "wal").rglob("*"))

    assert log < 110_000_000


def test_embedded_engine_imports_nothing_heavy() -> None:
    script = """
import sys, splicedex.indexer.engines.edge.engine
print({"qdrant_client", "torch", "open_clip", "scipy", "PIL"} & sys.modules.keys())
"""
    with start(script) as process:
        assert process.communicate()[0] == "set()\n"
