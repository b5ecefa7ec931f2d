"""Photos that move: renamed folders keep tags and vectors, and no encoder is needed."""

import csv
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.moves.conftest import assert_moved, contents, counted, weights
from tests.e2e.test_photos import paint


def test_a_renamed_folder_keeps_all_and_encodes_nothing(splicedex, either, photos):
    made = either
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
    assert counted(splicedex(*words, "--json")) == {"unchanged": 12, "images": 12}
    assert "12 images, no faults found" in splicedex("verify", *made)


def test_text_tells_what_moved_and_what_is_a_copy(splicedex, made, photos):
    (photos / "a").rename(photos / "z")
    shutil.copy(photos / "b" / "1.png", photos / "copy.png")
    said = splicedex("index", *made, photos)
    assert "1 added, 0 replaced, 4 moved, 8 unchanged, 0 pruned" in said
    assert "1 of those added are copies of images in the index" in said


def test_photos_that_take_each_others_places_keep_their_tags(splicedex, either, photos):
    """Two swap names, three are renumbered, and one takes the place of a photo that is gone."""
    made = either
    before = contents(made)
    renamed = {
        "a/0.jpg": "b/4.jpg", "b/4.jpg": "a/0.jpg",
        "a/3.gif": "a/6.webp", "a/6.webp": "a/9.png", "a/9.png": "a/12.gif",
        "b/1.png": "b/7.gif",
    }  # fmt: skip
    there = {name.removeprefix(f"{photos}/") for name in before}
    assert renamed.keys() <= there
    gone = set(renamed.values()) & there - renamed.keys()
    held = {old: (photos / old).read_bytes() for old in renamed}
    for old in renamed:
        (photos / old).unlink()
    for old, new in renamed.items():
        (photos / new).write_bytes(held[old])
    said = counted(splicedex("index", *made, photos, "--json"))
    stay, left = 12 - len(renamed) - len(gone), 12 - len(gone)
    assert said == {"moved": len(renamed), "unchanged": stay, "images": left}
    names = {f"{photos}/{renamed.get(name, name)}": f"{photos}/{name}" for name in there - gone}
    after = contents(made)
    assert after.keys() == names.keys()
    assert_moved(after, before, names)
    assert "no faults found" in splicedex("verify", *made)


def test_edited_photos_are_encoded_and_the_others_move(splicedex, made, photos, album):
    before = contents(made)
    moved = photos.rename(photos.with_name("moved"))
    paint(moved / "a" / "0.jpg", 50)
    said = splicedex("index", *made, moved, expect=2)
    assert f"cannot load local-dir:{album}/model" in said, "it has to be encoded"
    (album / "weights").rename(weights(album))
    again = splicedex("index", *made, moved, "--json")
    assert counted(again) == {"added": 1, "moved": 11, "images": 13}
    pruned = splicedex("index", *made, photos, "--prune", "--yes", "--json")
    assert counted(pruned) == {"pruned": 1, "images": 12}
    names = {name.replace("/photos/", "/moved/"): name for name in before}
    after = contents(made)
    assert after.keys() == names.keys()
    del names[f"{moved}/a/0.jpg"]
    assert_moved(after, before, names)


def test_a_photo_that_is_still_there_has_not_moved(splicedex, either, photos):
    made = either
    before = contents(made)
    shutil.copytree(photos / "a", photos / "copies")
    report = splicedex("index", *made, photos, "--json")
    assert counted(report) == {"added": 4, "copied": 4, "unchanged": 12, "images": 16}
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
    assert counted(report) == {"added": 4, "copied": 4, "moved": 4, "images": 16}
    hits = splicedex("search", "stars:3.25", *made, "--json")["hits"]
    assert {str(Path(hit["path"]).parent) for hit in hits} == {f"{photos.parent}/other/new/a"}


@pytest.mark.usefixtures("encoder")
def test_the_original_of_an_edited_photo_is_encoded_again(splicedex, made, photos):
    """Its name belongs to another photo now, so nothing has moved."""
    before = contents(made)
    shutil.move(photos / "a" / "0.jpg", photos / "a" / "original.jpg")
    paint(photos / "a" / "0.jpg", 60)
    report = splicedex("index", *made, photos, "--json")
    assert counted(report) == {"added": 1, "replaced": 1, "unchanged": 11, "images": 13}
    after = contents(made)
    old, new = before[f"{photos}/a/0.jpg"], after[f"{photos}/a/original.jpg"]
    assert new[0]["content_hash"] == old[0]["content_hash"]
    np.testing.assert_allclose(new[2], old[2], atol=1e-5)


def test_a_table_names_photos_that_move(splicedex, made, photos):
    """The columns of the table win, other tags are kept."""
    names = [str(path.relative_to(photos)) for path in sorted(photos.rglob("*.*"))]
    labels = ["", *["new"] * 11]

    def index(names):
        with photos.with_name("files.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("file", "label"), *zip(names, labels, strict=True)])
        files = ("--files", photos.with_name("files.csv"), "--root", photos)
        return counted(splicedex("index", *made, *files, "--json"))

    assert index(names) == {"added": 12, "copied": 12, "images": 24}, (
        "the photos are where they were"
    )
    splicedex("tag", "label:new", "kept=yes", "--yes", *made)
    splicedex("tag", "", "label=old", "--yes", *made)
    photos.rename(photos.with_name("elsewhere"))
    photos.mkdir()
    photos.with_name("elsewhere").rename(photos / "deep")
    rest = splicedex("index", *made, photos, "--json")
    assert counted(rest) == {"moved": 12, "images": 24}
    moved = [f"deep/{name}" for name in names]
    assert index(moved) == {"moved": 12, "images": 24}
    found = contents(made)
    assert {name for name in found if not name.startswith("/")} == set(moved)
    for name, label in zip(moved, labels, strict=True):
        payload = found[name][0]
        assert payload["location"] == str(photos / name)
        assert payload.get("label") == (label or None)
        assert payload.get("kept") == ("yes" if label else None)


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


@pytest.mark.parametrize(
    ("either", "step"),
    [("folder", "upsert"), ("folder", "delete"), ("folder", "set_payload"), ("server", "delete")],
    indirect=["either"],
)
def test_a_run_that_is_killed_between_the_steps_of_a_move(splicedex, killed, either, photos, step):
    before = contents(either)
    moved = photos.rename(photos.with_name("moved"))
    killed(step, 1, "index", *either, moved)
    again = splicedex("index", *either, moved, "--json")
    assert counted(again) == {"moved" if step == "upsert" else "unchanged": 12, "images": 12}
    names = {name.replace("/photos/", "/moved/"): name for name in before}
    after = contents(either)
    assert after.keys() == names.keys()
    assert_moved(after, before, names)
