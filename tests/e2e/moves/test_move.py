"""`splicedex move`: a whole root at once, without reading a photo."""

import csv
import os
import sys

import pytest

from tests.e2e.moves.conftest import assert_moved, contents, counted


@pytest.fixture
def moved(photos):
    return photos.with_name("moved")


def test_names_change_and_nothing_else(splicedex, either, photos, moved):
    before = contents(either)
    photos.rename(moved)
    words = ("move", photos, moved, *either)
    told = splicedex(*words, "--dry-run", "--json")
    assert told == {
        "old": str(photos), "new": str(moved), "images": 12, "sampled": 12, "missing": 0,
        "done": False,
    }  # fmt: skip
    assert "would move 12 images" in splicedex(*words)
    assert contents(either).keys() == before.keys()
    assert splicedex(*words, "--yes", "--json") == told | {"done": True}
    names = {name.replace("/photos/", "/moved/"): name for name in before}
    after = contents(either)
    assert after.keys() == names.keys()
    assert_moved(after, before, names)
    assert "12 images, no faults found" in splicedex("verify", *either)
    again = splicedex("index", *either, moved, "--json")
    assert counted(again) == {"unchanged": 12, "images": 12}
    assert "no image of the index lies under" in splicedex(*words, "--yes", expect=2)


@pytest.mark.parametrize(
    ("either", "step", "calls"),
    [("folder", "upsert", 2), ("folder", "delete", 3), ("server", "delete", 1)],
    indirect=["either"],
)
def test_one_that_was_killed_is_continued(splicedex, killed, either, photos, moved, step, calls):
    before = contents(either)
    photos.rename(moved)
    words = ("move", photos, moved, *either, "--yes")
    killed(step, calls, *words)
    splicedex(*words)
    names = {name.replace("/photos/", "/moved/"): name for name in before}
    after = contents(either)
    assert after.keys() == names.keys()
    assert_moved(after, before, names)


def test_a_tilde_is_the_home_folder(splicedex, made, photos, moved, environment):
    environment["HOME"] = str(photos.parent)
    photos.rename(moved)
    said = splicedex("move", "~/photos", "~/moved", *made, "--json")
    assert (said["old"], said["new"], said["missing"]) == (str(photos), str(moved), 0)


def test_parts_of_names_are_whole(splicedex, made, photos, moved):
    words = (*made, "--force", "--yes", "--json")
    assert splicedex("move", photos / "b" / "c", moved, *words)["images"] == 4
    said = splicedex("move", f"{photos}/"[:-3], moved, *made, "--yes", expect=2)
    assert "no image of the index lies under" in said
    assert splicedex("move", f"{photos}/b/", moved, *words)["images"] == 4


def test_what_cannot_be_done_is_told_and_changes_nothing(splicedex, made, photos, moved):
    before = contents(made)
    said = splicedex("move", photos, moved, *made, "--yes", expect=2)
    assert f"none of 12 photos looked for is under {moved}; check NEW, or add --force" in said
    said = splicedex("move", photos, f"{photos}/", *made, "--yes", expect=2)
    assert "is both OLD and NEW" in said
    assert "a folder has no name" in splicedex("move", "", moved, *made, "--yes", expect=2)
    (moved / "a").mkdir(parents=True)
    (photos / "a" / "0.jpg").rename(moved / "a" / "0.jpg")
    said = splicedex("move", photos, photos / "deeper", *made, "--yes", "--force", expect=2)
    assert f"{photos}/deeper/" in said
    (photos / "a" / "1.png").write_bytes((photos / "b" / "1.png").read_bytes())
    splicedex("index", *made, photos / "a" / "1.png")
    said = splicedex("move", photos / "b", photos / "a", *made, "--yes", expect=2)
    assert f"several images would be called {photos}/a/1.png; " in said
    after = contents(made)
    del after[f"{photos}/a/1.png"]
    assert after.keys() == before.keys()


def test_names_and_locations_of_a_table(splicedex, made, photos, moved, monkeypatch):
    names = [str(path.relative_to(photos)) for path in sorted(photos.rglob("*.*"))]
    with photos.with_name("files.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file",), *((name,) for name in names)])
    splicedex("index", *made, "--files", photos.with_name("files.csv"), "--root", photos)

    def places():
        return {
            name: payload["location"]
            for name, (payload, *_) in contents(made).items()
            if not name.startswith("/")
        }

    (photos / "b").rename(photos / "z")
    assert splicedex("move", "b", "z/", *made, "--yes", "--json")["images"] == 8
    names = [f"z{name[1:]}" if name[0] == "b" else name for name in names]
    assert places() == {name: str(photos / name) for name in names}
    photos.rename(moved)
    monkeypatch.chdir(photos.parent)
    said = splicedex("move", "photos", "moved", *made, "--yes", "--json")
    assert said["images"] == 24, "those of the folder, and of the table"
    assert places() == {name: str(moved / name) for name in names}


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of any bytes")
def test_names_that_are_not_utf8(splicedex, made, photos):
    before = contents(made)
    raw = os.path.join(os.fsencode(photos), b"caf\xe9")  # noqa: PTH118
    os.rename(photos / "a", raw)  # noqa: PTH104
    splicedex("move", photos / "a", os.fsdecode(raw), *made, "--yes")
    found = splicedex("search", "stars>3", *made, "--json", "--near")["hits"]
    assert all(hit["name"].startswith(f"{photos}/caf\\xe9/") for hit in found)
    assert len(found) == 4
    again = splicedex("index", *made, photos, "--json")
    assert again["replaced"] == again["added"] == again["moved"] == 0
    os.rename(raw, photos / "a")  # noqa: PTH104
    splicedex("move", f"{photos}/caf\\xe9", photos / "a", *made, "--yes")
    after = contents(made)
    assert after.keys() == before.keys()
    assert_moved(after, before, {name: name for name in before})


@pytest.mark.parametrize("answer", ["y", "n"])
def test_at_a_terminal_it_asks(at_terminal, made, photos, moved, answer):
    photos.rename(moved)
    code, told, shown = at_terminal(answer, "move", photos, moved, *made, "--json")
    assert f"Move 12 images from {photos} to {moved}? [y/N]" in shown
    assert (code, told["done"]) == (0, answer == "y")
    assert all(name.startswith(str(moved)) == (answer == "y") for name in contents(made))
