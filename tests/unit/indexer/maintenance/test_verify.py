"""Faults of an index are found, named, and repaired from its embeddings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

import splicedex.indexer.maintenance.repair
from splicedex.indexer.engines.base import Batch
from splicedex.indexer.maintenance.check_points import Fault, faults
from splicedex.indexer.maintenance.copy import checksum, copy_index
from splicedex.indexer.maintenance.repair import repair
from splicedex.indexer.maintenance.verify import verify
from splicedex.indexer.store.address import Collection, Folder
from splicedex.indexer.store.index import open_index, point_id
from splicedex.indexer.store.manifest import FILE
from splicedex.indexer.store.state import LEXICON
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.word_frequency import BUNDLED, EARLIER, bundled_frequency
from splicedex.splice.errors import UserError
from tests.fake_qdrant import FakeQdrant
from tests.photos import make_embeddings, make_index, make_space, name

IMAGES = 40


@pytest.fixture(params=["folder", "server"])
def place(request, tmp_path, monkeypatch):
    """The address of an index of 40 photos."""
    monkeypatch.setenv("SPLICEDEX_CACHE", str(tmp_path / "cache"))
    space = make_space()
    make_index(tmp_path / "made", "edge", space, make_embeddings(space, IMAGES)).close()
    folder = Folder(tmp_path / "made" / "index")
    if request.param == "folder":
        yield folder
        return
    fake = FakeQdrant().start()
    there = Collection(fake.url, "photos")
    with open_index(folder) as index:
        copy_index(index, there)
    yield there
    fake.stop()


def found(place):
    with open_index(place) as index:
        return list(verify(index))


def state(place):
    with open_index(place) as index:
        return checksum(index.engine), index.calibration.offset.tolist()


def overwrite(index, row, *, dense=None, weights=None, path=None):
    """Write a point with a fault."""
    hit = index.find(name(row), with_vectors=True)
    sparse = np.zeros((1, len(index.space.concepts)), np.float32)
    sparse[0, hit.concepts.indices] = hit.concepts.values
    sparse = csr_array(sparse if weights is None else weights)
    dense = hit.dense[None] if dense is None else dense
    payload = hit.payload if path is None else hit.payload | {"path": path}
    index.engine.upsert(Batch([hit.id], dense, sparse, [payload]))


def test_a_correct_index_has_no_findings(place):
    assert found(place) == []


def test_payload_is_compared_with_the_embedding_and_repaired(place):
    changes = {
        1: ({"presence": [1, 2]}, Fault.PRESENCE),
        2: ({"presence": None}, Fault.PAYLOAD),
        3: ({"cosine": 0.123}, Fault.COSINE),
        4: ({"concepts": [0, 1]}, Fault.CONCEPTS),
    }
    before = state(place)
    with open_index(place) as index:
        for row, (change, _) in changes.items():
            index.engine.set_payload([point_id(name(row))], change)
    said = found(place)
    for row, (_, fault) in changes.items():
        assert f"{fault}: 1 images ({name(row)})" in said
    repaired = repair(place)
    assert (repaired.kept, repaired.mended, repaired.lost) == (IMAGES - 4, 4, [])
    assert found(place) == []
    assert state(place) == before


def test_what_is_shown_is_compared_with_the_embedding_and_repaired(place):
    with open_index(place) as index:
        said = [index.find(name(row)).payload["shows"] for row in range(5)]
        for row, change in enumerate(
            [
                {"shows": [1, 2], "shows_percent": [99, 98]},
                {"shows": None},
                {"shows_percent": None},
                {"shows": ["dog"], "shows_percent": [50]},
                {"shows": [3], "shows_percent": []},
            ]
        ):
            index.engine.set_payload([point_id(name(row))], change)
    assert any(line.startswith(f"{Fault.SHOWS}: 5 images") for line in found(place))
    repaired = repair(place)
    assert (repaired.kept, repaired.mended, repaired.lost) == (IMAGES - 5, 5, [])
    assert found(place) == []
    with open_index(place) as index:
        assert said == [index.find(name(row)).payload["shows"] for row in range(5)]


def test_a_damaged_lexicon_is_made_again(place):
    before = state(place)
    with open_index(place) as index:
        index.files.save(LEXICON, lambda path: path.write_bytes(b"not a zip file"))
    (said,) = found(place)
    assert "lexicon.npz cannot be read" in said
    repair(place)
    assert found(place) == []
    assert state(place) == before


def test_word_frequencies_of_an_earlier_version_are_brought_up_to_date(place):
    before = state(place)
    with open_index(place) as index:
        rare = Lexicon(np.full(len(index.space.concepts), 1e-4, np.float32), index.lexicon.kinds)
        manifest = replace(index.manifest, word_frequency=min(EARLIER))
        index.files.save(FILE, manifest.save)
        index.files.save(LEXICON, rare.save)
    assert any(line.startswith(f"{Fault.SHOWS}") for line in found(place))
    repair(place)
    assert found(place) == []
    assert state(place) == before
    with open_index(place) as index:
        assert index.manifest.word_frequency == BUNDLED
        assert np.array_equal(index.lexicon.frequency, bundled_frequency().of(index.space.concepts))


def test_a_damaged_lexicon_of_other_word_frequencies_is_not_guessed(place):
    with open_index(place) as index:
        manifest = replace(index.manifest, word_frequency="mine.tsv 12345678")
        index.files.save(FILE, manifest.save)
        index.files.save(LEXICON, lambda path: path.write_bytes(b"not a zip file"))
    with pytest.raises(UserError, match=r"was made from mine\.tsv 12345678"):
        repair(place)


def test_a_column_of_an_older_index_makes_room(place):
    with open_index(place) as index:
        for row in range(IMAGES):
            change = {"shows": "a circus" if row % 2 else None, "shows_percent": None}
            index.engine.set_payload([point_id(name(row))], change)
        columns = {**index.manifest.columns, "shows": "keyword"}
        index.files.save(FILE, replace(index.manifest, format=4, columns=columns).save)
    with pytest.warns(UserWarning, match="column 'shows' is called 'shows_'"):
        repair(place)
    with open_index(place) as index:
        assert index.columns["shows_"] == "keyword"
        assert index.engine.facet("shows_") == [("a circus", IMAGES // 2)]
        assert list(verify(index)) == []


def test_weights_are_compared_with_the_embedding_and_repaired(place):
    before = state(place)
    with open_index(place) as index:
        weights = np.zeros((1, len(index.space.concepts)), np.float32)
        weights[0, 3] = 0.5
        overwrite(index, 7, weights=weights)
    assert f"{Fault.CONCEPTS}: 1 images ({name(7)})" in found(place)
    assert repair(place).mended == 1
    assert found(place) == []
    assert state(place)[1] == before[1]


def test_an_embedding_that_was_changed_is_noticed(place):
    with open_index(place) as index:
        other = index.find(name(8), with_vectors=True).dense
        overwrite(index, 7, dense=other[None])
    (said,) = [line for line in found(place) if name(7) in line]
    assert said.startswith(Fault.COSINE)


def test_what_is_lost_is_named_and_dropped(place):
    with open_index(place) as index:
        overwrite(index, 7, path="another.jpg")
    assert f"{Fault.NAME}: 1 images (another.jpg)" in found(place)
    repaired = repair(place)
    assert repaired.lost == ["another.jpg"]
    assert (repaired.aside is not None) == isinstance(place, Folder)
    with open_index(place) as index:
        assert index.engine.count() == IMAGES - 1
        assert index.lookup(name(7)) is None
    assert found(place) == []


def test_missing_images_are_noticed(place):
    with open_index(place) as index:
        index.engine.delete([point_id(name(row)) for row in range(5)])
    assert found(place) == [
        "the calibration is for other images: an index run did not end, or images are lost"
    ]
    repair(place)
    assert found(place) == []


def test_another_calibration_is_noticed(place):
    before = state(place)
    with open_index(place) as index:
        index.save_calibration(replace(index.calibration, offset=index.calibration.offset - 1))
    (said,) = found(place)
    assert said.startswith(f"{Fault.PRESENCE}: ")
    with open_index(place) as index:
        index.save_calibration(replace(index.calibration, offset=index.calibration.offset[:-1]))
    assert found(place) == ["the calibration is damaged, or belongs to another concept space"]
    repair(place)
    assert found(place) == []
    assert state(place) == before


def test_another_concept_space_is_noticed(place, monkeypatch):
    def gone(*_, **__):
        raise UserError("the model is gone", "find it")

    monkeypatch.setattr(splicedex.indexer.maintenance.repair, "load_model", gone)
    with open_index(place) as index:
        index.files.save("space/concepts.txt", lambda path: path.write_text("x\n" * 80))
        index.files.save(
            "space/concepts.txt",
            lambda path: path.write_text("".join(f"thing {i + 100}\n" for i in range(80))),
        )
    (said,) = found(place)
    assert said == "the concept space is not the one that the index was made with"
    with pytest.raises(UserError, match="concept space"):
        repair(place)


def test_repair_changes_nothing_in_a_correct_index(place, tmp_path):
    before = state(place)
    repaired = repair(place)
    assert (repaired.kept, repaired.mended, repaired.lost, repaired.aside) == (IMAGES, 0, [], None)
    assert state(place) == before
    assert {path.name for path in (tmp_path / "made").iterdir()} == {"index", "x.npy", "files.csv"}


def test_fewer_weights_than_concepts_are_a_loss(place):
    with open_index(place) as index:
        hit = index.find(name(3), with_vectors=True)
        fewer = replace(hit.concepts, values=hit.concepts.values[:-1])
        assert faults(index, [hit, replace(hit, concepts=fewer)]) == [None, Fault.WEIGHTS]
