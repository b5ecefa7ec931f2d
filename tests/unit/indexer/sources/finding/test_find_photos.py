from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from splicedex.indexer.sources.finding.find_photos import find_photos
from splicedex.splice.errors import UserError


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(*paths: str | Path, root: Path) -> list[str]:
    return [str(path.relative_to(root)) for path in find_photos(paths)]


def test_folders_by_name_depth_first(tmp_path):
    touch(*(tmp_path / name for name in ("b.JPG", "a/z.png", "a/c/y.webp", "c.heic", "a.tiff")))
    touch(tmp_path / "notes.txt", tmp_path / ".hidden.jpg", tmp_path / ".trash" / "x.jpg")
    assert found(tmp_path, root=tmp_path) == ["a/c/y.webp", "a/z.png", "a.tiff", "b.JPG", "c.heic"]


def test_each_photo_once_however_named(tmp_path):
    touch(tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "in" / "c.jpg")
    names = [tmp_path / "b.jpg", tmp_path, f"{tmp_path}/*.jpg", f"{tmp_path}/in/../a.jpg"]
    assert found(*names, root=tmp_path) == ["b.jpg", "a.jpg", "in/c.jpg"]


def test_relative_paths_stay_relative(tmp_path, monkeypatch):
    touch(tmp_path / "in" / "a.jpg")
    monkeypatch.chdir(tmp_path)
    assert list(find_photos(["in", tmp_path / "in"])) == [Path("in/a.jpg")]


def test_globs(tmp_path):
    touch(*(tmp_path / name for name in ("2.jpg", "1.jpg", "notes.txt", "x/3.jpg", "x/y/4.png")))
    assert found(f"{tmp_path}/*", root=tmp_path) == ["1.jpg", "2.jpg", "x/3.jpg", "x/y/4.png"]
    assert found(f"{tmp_path}/**/*.jpg", root=tmp_path) == ["1.jpg", "2.jpg", "x/3.jpg"]
    assert found(f"{tmp_path}/[2-9].jpg", root=tmp_path) == ["2.jpg"]


def test_an_existing_name_with_brackets_is_no_pattern(tmp_path):
    touch(tmp_path / "a[1].jpg", tmp_path / "a1.jpg")
    assert found(tmp_path / "a[1].jpg", root=tmp_path) == ["a[1].jpg"]


def test_symlinks_without_loops(tmp_path):
    touch(tmp_path / "in" / "a.jpg", tmp_path / "elsewhere" / "b.jpg")
    (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    (tmp_path / "in" / "twice.jpg").symlink_to("a.jpg")
    (tmp_path / "in" / "dangling.jpg").symlink_to("nowhere.jpg")
    assert found(tmp_path / "in", root=tmp_path) == [
        "in/a.jpg",
        "in/dangling.jpg",
        "in/twice.jpg",
        "in/up/elsewhere/b.jpg",
    ]


def test_deeper_than_python_recurses(tmp_path):
    deep = tmp_path / "/".join("d" * 400)
    touch(deep / "a.jpg")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(350)
    try:
        photos = list(find_photos([tmp_path]))
    finally:
        sys.setrecursionlimit(limit)
    assert photos == [deep / "a.jpg"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes")
def test_any_file_name(tmp_path):
    names = [b"line\nbreak.jpg", b"not-utf8-\xff\xfe.jpg", b"quote'\".jpg"]
    touch(*(tmp_path / os.fsdecode(name) for name in names))
    assert [os.fsencode(path.name) for path in find_photos([tmp_path])] == names


def test_a_folder_that_cannot_be_listed_is_yielded(tmp_path, monkeypatch):
    touch(tmp_path / "a" / "1.jpg", tmp_path / "b" / "2.jpg")
    scandir = os.scandir

    def guarded(path):
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", guarded)
    assert found(tmp_path, root=tmp_path) == ["a", "b/2.jpg"]


def test_links_in_a_loop_are_yielded(tmp_path):
    touch(tmp_path / "a.jpg")
    (tmp_path / "ring.jpg").symlink_to("ring.jpg")
    assert found(tmp_path, root=tmp_path) == ["a.jpg", "ring.jpg"]


def test_named_files_are_taken_whatever_their_suffix(tmp_path):
    touch(tmp_path / "scan.dat")
    assert found(tmp_path / "scan.dat", root=tmp_path) == ["scan.dat"]


@pytest.mark.parametrize(
    ("name", "message"), [("nowhere", "does not exist"), ("*.jpg", "matches no photo")]
)
def test_nothing_there(tmp_path, name, message):
    touch(tmp_path / "notes.txt")
    with pytest.raises(UserError, match=message):
        list(find_photos([tmp_path / name]))


def test_empty_folder(tmp_path):
    assert list(find_photos([tmp_path])) == []
