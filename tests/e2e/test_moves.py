"""Photos that move: renamed folders keep tags and vectors, and no encoder is needed."""

import csv
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from splicedex.indexer.payload.columns import MOVED_FROM
from splicedex.indexer.store.address import parse_address
from splicedex.indexer.store.index import open_index, point_id
from tests.e2e.test_photos import WORDS, counted, paint
from tests.fake_qdrant import FakeQdrant
from tests.models import DIM, write_open_clip_model


@pytest.fixture
def model(tmp_path):
    made = write_open_clip_model(tmp_path / "model")
    (made / "vocabulary.txt").write_text("\n".join(WORDS))
    np.save(made / "image_mean.npy", np.full(DIM, 0.02, np.float32))
    return made


@pytest.fixture
def photos(tmp_path):
    """Twelve photos in three folders."""
    folder = tmp_path / "photos"
    for number in range(12):
        suffix = ("jpg", "png", "webp", "gif")[number % 4]
        paint(folder / ("a", "b", "b/c")[number % 3] / f"{number}.{suffix}", number)
    return folder


@pytest.fixture(params=["folder", "server"])
def at(request, tmp_path):
    """Words that name an index, in a folder and on a server."""
    if request.param == "folder":
        yield ("--index", str(tmp_path / "photos.idx"))
        return
    fake = FakeQdrant().start()
    yield ("--index", f"{fake.url}/photos")
    fake.stop()


@pytest.fixture
def made(at, splicedex, model, photos):
    """The index of the photos, those of `a` tagged, and an encoder that cannot be loaded."""
    splicedex("index", *at, "--model", f"local-dir:{model}", "--workers", "1", photos)
    splicedex("tag", f'path:"{photos}/a/*"', "seen=2024-03-05", "--yes", *at)
    splicedex("tag", f'path:"{photos}/a/*"', "stars=3.25", "--yes", *at)
    (model / "open_clip_model.safetensors").rename(model / "weights")
    return at


def contents(at):
    """The points of an index by name: vectors, and the payload but for what follows from names."""
    found = {}
    with open_index(parse_address(at[1])) as index:
        for hit in index.engine.scroll(with_dense=True, with_concepts=True):
            assert MOVED_FROM not in {key for key, value in hit.payload.items() if value}
            name = hit.payload.pop("path")
            assert point_id(name) == hit.id
            others = {k: v for k, v in hit.payload.items() if k not in {"folders", "signature"}}
            weights = dict(zip(hit.concepts.indices.tolist(), hit.concepts.values, strict=True))
            found[name] = (others, weights, hit.dense)
    return found


def assert_moved(after, before, names):
    """The points are those from before under other names, given as new name to old name."""
    for new, old in names.items():
        ours, theirs = after[new], before[old]
        assert ours[:2] == theirs[:2], new
        np.testing.assert_array_equal(ours[2], theirs[2])


def test_a_renamed_folder_keeps_all_and_encodes_nothing(splicedex, made, photos):
    before = contents(made)
    photos.rename(photos.with_name("moved"))
    words = ("index", *made, photos.with_name("moved"))
    assert counted(splicedex(*words, "--json")) == {"moved": 12, "images": 12}
    after = contents(made)
    names = {name.replace("/photos/", "/moved/"): name for name in before}
    assert after.keys() == names.keys()
    assert_moved(after, before, names)
    hits = splicedex("search", "seen:2024 stars:3.25", *made, "--json", "--limit", "99")["hits"]
    assert {hit["path"] for hit in hits} == {name for name in names if "/a/" in name}
    inside = splicedex("search", f'folders:"{photos}"', *made, expect=2)
    assert "folders" in inside or "no column" in inside
    assert counted(splicedex(*words, "--json")) == {"unchanged": 12, "images": 12}
    assert "12 images, no faults found" in splicedex("verify", *made)


def test_text_tells_what_moved_and_what_is_a_copy(splicedex, made, photos):
    (photos / "a").rename(photos / "z")
    shutil.copy(photos / "b" / "1.png", photos / "copy.png")
    said = splicedex("index", *made, photos)
    assert "1 added, 0 replaced, 4 moved, 8 unchanged, 0 pruned" in said
    assert "1 of those added are copies of images in the index" in said


def test_edited_photos_are_encoded_and_the_others_move(splicedex, made, photos, model):
    before = contents(made)
    moved = photos.rename(photos.with_name("moved"))
    paint(moved / "a" / "0.jpg", 50)
    said = splicedex("index", *made, moved, expect=2)
    assert "open_clip_model.safetensors" in said or "local-dir" in said, "it has to be encoded"
    (model / "weights").rename(model / "open_clip_model.safetensors")
    again = splicedex("index", *made, moved, "--json")
    assert counted(again) == {"added": 1, "moved": 11, "images": 13}
    pruned = splicedex("index", *made, photos, "--prune", "--yes", "--json")
    assert counted(pruned) == {"pruned": 1, "images": 12}
    names = {name.replace("/photos/", "/moved/"): name for name in before}
    after = contents(made)
    assert after.keys() == names.keys()
    del names[f"{moved}/a/0.jpg"]
    assert_moved(after, before, names)


def test_a_photo_that_is_still_there_has_not_moved(splicedex, made, photos):
    before = contents(made)
    shutil.copytree(photos / "a", photos / "copies")
    report = splicedex("index", *made, photos, "--json")
    assert counted(report) == {"added": 4, "unchanged": 12, "images": 16}
    assert report["copied"] == 4
    after = contents(made)
    assert_moved(after, before, {name: name for name in before})
    for name in after.keys() - before.keys():
        payload, *vectors = before[name.replace("/copies/", "/a/")]
        tags = {"seen", "-key-seen", "-spans-seen", "stars"}
        assert after[name][0] == {k: v for k, v in payload.items() if k not in tags}
        assert after[name][1] == vectors[0]
    assert len(splicedex("search", "stars>3", *made, "--json")["hits"]) == 4


def test_of_two_new_places_the_one_that_is_most_alike_keeps_the_tags(splicedex, made, photos):
    for folder in ("backup", "new/a"):
        shutil.copytree(photos / "a", photos.with_name("other") / folder)
    shutil.rmtree(photos / "a")
    report = splicedex("index", *made, photos.with_name("other"), "--json")
    assert counted(report) == {"added": 4, "moved": 4, "images": 16}
    hits = splicedex("search", "stars:3.25", *made, "--json")["hits"]
    assert {str(Path(hit["path"]).parent) for hit in hits} == {f"{photos.parent}/other/new/a"}


def test_the_original_of_an_edited_photo_is_encoded_again(splicedex, made, photos, model):
    """Its name belongs to another photo now, so nothing has moved."""
    (model / "weights").rename(model / "open_clip_model.safetensors")
    before = contents(made)
    shutil.move(photos / "a" / "0.jpg", photos / "a" / "original.jpg")
    paint(photos / "a" / "0.jpg", 60)
    report = splicedex("index", *made, photos, "--json")
    assert counted(report) == {"added": 1, "replaced": 1, "unchanged": 11, "images": 13}
    after = contents(made)
    old, new = before[f"{photos}/a/0.jpg"], after[f"{photos}/a/original.jpg"]
    assert new[0]["content_hash"] == old[0]["content_hash"]
    np.testing.assert_allclose(new[2], old[2], atol=1e-5)


def test_a_table_names_photos_that_move(splicedex, at, photos, model, tmp_path):
    """The columns of the table win, other tags are kept."""
    names = [str(path.relative_to(photos)) for path in sorted(photos.rglob("*.*"))]

    def table(rows, *header):
        with (tmp_path / "files.csv").open("w", newline="") as file:
            csv.writer(file).writerows([header, *rows])
        words = ("--files", tmp_path / "files.csv", "--root", photos, "--workers", "1", "--json")
        return splicedex("index", *at, *words)

    splicedex("index", *at, "--model", f"local-dir:{model}", "--workers", "1", photos)
    splicedex("tag", "", "kept=yes", "--yes", *at)
    splicedex("tag", "", "label=old", "--yes", *at)
    (model / "open_clip_model.safetensors").unlink()
    report = table([(name, "new" if number else "") for number, name in enumerate(names)],
                   "file", "label")  # fmt: skip
    assert counted(report) == {"added": 12, "images": 24}
    assert report["copied"] == 12, "the photos are where they were"
    photos.rename(photos.with_name("elsewhere"))
    photos.mkdir()
    (photos.with_name("elsewhere")).rename(photos / "deep")
    rows = [(f"deep/{name}", "new" if number else "") for number, name in enumerate(names)]
    report = table(rows, "file", "label")
    assert counted(report) == {"moved": 12, "images": 24}
    found = contents(at)
    assert {name for name in found if name.startswith("deep/")} == {name for name, _ in rows}
    for name, label in rows:
        assert found[name][0]["location"] == str(photos / name)
        assert found[name][0].get("label") == (label or None)


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of any bytes")
def test_names_that_are_not_utf8(splicedex, made, photos):
    before = contents(made)
    raw = os.path.join(os.fsencode(photos), b"caf\xe9")  # noqa: PTH118
    os.rename(photos / "a", raw)  # noqa: PTH104
    assert counted(splicedex("index", *made, photos, "--json")) == {
        "moved": 4, "unchanged": 8, "images": 12,
    }  # fmt: skip
    hits = splicedex("search", "stars>3", *made, "--json")["hits"]
    assert {hit["name"] for hit in hits} == {
        name.replace("/a/", "/caf\\xe9/") for name in before if "/a/" in name
    }
    os.rename(raw, photos / "a")  # noqa: PTH104
    splicedex("index", *made, photos, "--json")
    after = contents(made)
    assert after.keys() == before.keys()
    assert_moved(after, before, {name: name for name in before})


KILLED = """
import os, sys
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.engines.server.engine import ServerEngine

def die(self, *_):
    os._exit(9)

step = sys.argv.pop(1)
for engine in (EdgeEngine, ServerEngine):
    setattr(engine, step, die)
from splicedex.api.cli.main import main
main()
"""
"""The command, killed when it calls the method of the engine that its first word names."""


@pytest.mark.parametrize("step", ["upsert", "delete", "set_payload"])
def test_a_run_that_is_killed_between_the_steps_of_a_move(splicedex, started, made, photos, step):
    before = contents(made)
    moved = photos.rename(photos.with_name("moved"))
    run = started(step, "index", *made, moved, command=(sys.executable, "-c", KILLED))
    said = run.communicate(timeout=120)
    assert run.returncode == 9, said
    again = splicedex("index", *made, moved, "--json")
    expected = {"moved" if step == "upsert" else "unchanged": 12, "images": 12}
    assert counted(again) == expected
    names = {name.replace("/photos/", "/moved/"): name for name in before}
    after = contents(made)
    assert after.keys() == names.keys()
    assert_moved(after, before, names)
