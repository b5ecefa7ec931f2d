"""Counts of what is shown: as queries count, kept while they hold, and never longer."""

import numpy as np
import pytest

from splicedex.indexer.engines.query import And, HasId
from splicedex.indexer.maintenance.copy import copy_index
from splicedex.indexer.maintenance.repair import repair
from splicedex.indexer.maintenance.verify import verify
from splicedex.indexer.payload import concept_counts
from splicedex.indexer.payload.concept_counts import FILE, count_concepts
from splicedex.indexer.payload.shows import FIELDS, SHOWS, is_shown
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.sources.embeddings import array_source
from splicedex.indexer.store.address import Folder
from splicedex.indexer.store.index import point_id
from splicedex.splice.errors import UserError
from tests.photos import make_embeddings, make_index, make_space, name

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
SPACE = make_space()
PHOTOS = make_embeddings(SPACE, 60)


@pytest.fixture
def index(tmp_path):
    made = make_index(tmp_path / "made", "edge", SPACE, PHOTOS)
    yield made
    made.close()


def counted(index):
    return [index.engine.count(is_shown(concept)) for concept in range(len(SPACE.concepts))]


def reopened(index):
    """What another process would see."""
    vars(index).pop("counts")
    return index.counts


def strip(index, row):
    """Take all concepts from an image, behind the back of whoever counts."""
    index.engine.set_payload([point_id(name(row))], {key: [] for key in FIELDS})


@pytest.mark.parametrize("engine", ["edge", "memory"])
def test_counts_are_what_queries_find(engine, tmp_path):
    index = make_index(tmp_path / "made", engine, SPACE, PHOTOS)
    assert index.counts.of().tolist() == index.counts.of(And(())).tolist() == counted(index)
    some = HasId(tuple(point_id(name(row)) for row in range(20)))
    expected = [index.engine.count(And((some, is_shown(i)))) for i in range(len(SPACE.concepts))]
    assert index.counts.of(some).tolist() == expected
    assert (index.folder / FILE).exists() == (engine == "edge")
    index.close()


def test_a_run_leaves_counts_for_the_next_process(index, monkeypatch):
    expected = counted(index)
    monkeypatch.setattr(concept_counts, "count_concepts", None)
    assert reopened(index).of().tolist() == expected


def test_whoever_counts_first_leaves_them_too(index, monkeypatch):
    expected = counted(index)
    (index.folder / FILE).write_bytes(b"PK damaged")
    assert reopened(index).of().tolist() == expected
    monkeypatch.setattr(concept_counts, "count_concepts", None)
    assert reopened(index).of().tolist() == expected


def test_a_folder_that_takes_no_file_is_counted_each_time(index, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    (index.folder / FILE).unlink()
    monkeypatch.setattr(np, "savez", full)
    assert reopened(index).of().tolist() == counted(index)
    assert not (index.folder / FILE).exists()


def test_a_run_changes_them(index, tmp_path):
    before = index.counts.of()
    more = np.concatenate([PHOTOS, make_embeddings(SPACE, 90)[60:]])
    np.save(tmp_path / "more.npy", more)
    files = tmp_path / "more.csv"
    files.write_text("\n".join(["file", *map(name, range(90))]))
    build(index, array_source(tmp_path / "more.npy", files=files, root=None, dim=SPACE.dim))
    assert (index.folder / FILE).exists()
    assert index.counts.of().tolist() == reopened(index).of().tolist() == counted(index)
    assert index.counts.of().sum() > before.sum()


def test_a_run_that_dies_leaves_none(index):
    index.counts.invalidate()
    strip(index, 0)
    assert not (index.folder / FILE).exists()
    assert reopened(index).of().tolist() == counted(index)


def test_nothing_is_kept_while_images_change(index):
    index.counts.invalidate()
    half = index.counts.of()
    strip(index, 0)
    assert not (index.folder / FILE).exists()
    assert index.counts.of().tolist() == counted(index) != half.tolist()
    index.counts.rebuild()
    assert reopened(index).of().tolist() == counted(index)


def test_a_count_under_way_when_images_change_is_not_kept(index, monkeypatch):
    def meanwhile(*asked):
        found = count_concepts(*asked)
        index.counts.invalidate()
        strip(index, 0)
        monkeypatch.setattr(concept_counts, "count_concepts", count_concepts)
        index.counts.rebuild()
        return found

    (index.folder / FILE).unlink()
    reopened(index)
    monkeypatch.setattr(concept_counts, "count_concepts", meanwhile)
    index.counts.of()
    assert index.counts.of().tolist() == reopened(index).of().tolist() == counted(index)


def test_images_that_came_or_went_unannounced_are_noticed(index):
    index.counts.of()
    index.engine.delete([point_id(name(0))])
    assert index.counts.of().tolist() == reopened(index).of().tolist() == counted(index)


def test_counts_cannot_be_changed_by_who_asks(index):
    with pytest.raises(ValueError, match="read-only"):
        index.counts.of()[0] = 1


def test_verify_tells_of_counts_that_are_wrong_and_repair_mends_them(index):
    assert not verify(index)
    with np.load(index.folder / FILE) as arrays:
        stamp, counts = arrays["stamp"], arrays["counts"]
    np.savez(index.folder / FILE, stamp=stamp, counts=counts + 1)
    assert list(verify(index)) == [f"the counts kept in {FILE} do not agree with the images"]
    expected = counted(index)
    index.close()
    repair(Folder(index.folder))
    with np.load(index.folder / FILE) as arrays:
        assert arrays["counts"].tolist() == expected


def test_a_copy_counts_anew(index, tmp_path):
    copy_index(index, Folder(tmp_path / "copy"))
    assert not (tmp_path / "copy" / FILE).exists()


def test_a_damaged_payload_index_is_told_and_not_followed(index):
    for no_concept in (len(SPACE.concepts), -1):
        index.engine.set_payload([point_id(name(0))], {SHOWS: [no_concept]})
        with pytest.raises(UserError, match="is damaged: it lists an unknown concept"):
            index.counts.of(is_shown(no_concept))
        assert index.counts.file_is_wrong()
        assert any("do not agree" in told for told in verify(index))
