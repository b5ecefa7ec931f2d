"""The stages of an index run, each on its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from splicedex.indexer.payload.presence import FIELDS
from splicedex.indexer.pipeline.calibration import CalibrationSample
from splicedex.indexer.pipeline.decompose_process import DecomposeProcess
from splicedex.indexer.pipeline.report import Report
from splicedex.indexer.pipeline.stages import (
    UnchangedFilter,
    count_block,
    decompose_blocks,
    folders,
    write_block,
)
from splicedex.indexer.sources.base import Block, Item
from splicedex.indexer.store.index import HASH, point_id
from tests.photos import make_embeddings, make_index, make_space, name

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
SPACE = make_space()
ROWS = make_embeddings(SPACE, 20)


@pytest.fixture
def index(tmp_path):
    made = make_index(tmp_path / "made", "memory", SPACE, ROWS)
    yield made
    made.close()


def items_of(index, rows):
    """The items of rows as they are in the index."""
    hits = index.engine.retrieve([point_id(name(row)) for row in rows])
    return [
        Item(hit.payload["path"], row, hit.payload["signature"], {})
        for row, hit in zip(rows, hits, strict=True)
    ]


def block_of(rows, skipped=()):
    items = [Item(f"new/{row}.jpg", row, "new", {"label": "x"}) for row in rows]
    return Block(items, ROWS[list(rows)], [{"bytes": 1} for _ in rows], skipped)


def test_only_new_and_changed_items_pass(index):
    report = Report(total=4)
    unchanged = UnchangedFilter(index, report, CalibrationSample(index, ["a"]))
    same, changed = items_of(index, [0, 1])
    changed = replace(changed, signature="other")
    new = Item("new.jpg", 2, "new", {})
    assert list(unchanged.changed([same, changed, new])) == [changed, new]
    assert report.unchanged == 1
    assert unchanged.seen == {point_id(item.path) for item in (same, changed, new)}
    [hit] = index.engine.retrieve([point_id(changed.path)])
    assert unchanged.indexed_before == {changed.path: hit.payload[HASH]}
    count_block(
        report,
        Block([changed, new], ROWS[:2], [{}, {}], [("broken.jpg", "empty file")]),
        unchanged,
        CalibrationSample(index, ["a"]),
    )
    assert (report.added, report.replaced, report.done) == (1, 1, 4)


def test_a_block_becomes_points(index):
    with DecomposeProcess(index) as decompose:
        (ready,) = decompose_blocks(index, [block_of([3, 4])], decompose)
    write_block(index, ready)
    hit = index.find("new/4.jpg", with_vectors=True)
    same = index.find(name(4), with_vectors=True)
    np.testing.assert_array_equal(hit.dense, same.dense)
    np.testing.assert_allclose(hit.concepts.values, same.concepts.values, atol=1e-5)
    assert hit.payload["folders"] == ["new"]
    assert (hit.payload["label"], hit.payload["bytes"]) == ("x", 1)


def test_a_block_without_a_readable_image_writes_nothing(index):
    with DecomposeProcess(index) as decompose:
        blocks = decompose_blocks(index, [block_of([], [("a", "empty file")])], decompose)
        (ready,) = blocks
    assert ready.batch is None
    write_block(index, ready)
    assert index.engine.count() == len(ROWS)


def test_presence_is_written_by_the_current_calibration(index):
    """The index is calibrated again between the decomposition of a block and its writing."""
    with DecomposeProcess(index) as decompose:
        (ready,) = decompose_blocks(index, [block_of(range(10))], decompose)
    index.save_calibration(replace(index.calibration, offset=index.calibration.offset + 1))
    write_block(index, ready)
    ids = [point_id(f"new/{row}.jpg") for row in range(10)]
    found = [{field: hit.payload[field] for field in FIELDS} for hit in index.engine.retrieve(ids)]
    assert found == index.strengths(ROWS[:10])


def test_folders_are_named_outermost_first():
    assert folders("/a/b/c.jpg") == ["/a", "/a/b"]
    assert folders("a/b.jpg") == ["a"]
    assert folders("b.jpg") == []
