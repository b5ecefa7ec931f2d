"""Rules of the command, of ignore files, and by default: which comes first, and what it hides."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splicedex.indexer.sources.finding.default_excludes import DEFAULT_EXCLUDES
from splicedex.indexer.sources.finding.find_photos import Excludes, find_photos
from splicedex.indexer.sources.finding.left_out import LeftOut
from splicedex.indexer.sources.finding.rules import IGNORE_FILE, named_rules, rules_of
from splicedex.splice.errors import UserError


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def found(folder, *patterns, defaults=True, asked=None, left_out=None):
    photos = find_photos(asked or [folder], Excludes(patterns, defaults), left_out)
    return [str(photo.relative_to(folder)) for photo in photos]


class TestDefaults:
    @pytest.mark.parametrize("name", DEFAULT_EXCLUDES)
    def test_each_is_left_out_at_any_depth_and_only_as_a_folder(self, name):
        folders = name.strip("/").replace("*", "x").split("/")

        def excluded(rules, path):
            for number, part in enumerate(path, 1):
                rule = rules.excludes(part, is_folder=number < len(path))
                if rule:
                    return str(rule)
                rules = rules.inside(part)
            return None

        for above in ([], ["photos"], ["a", "b"]):
            for written in (folders, [one.swapcase() for one in folders]):
                told = excluded(rules_of(), [*above, *written, "1.jpg"])
                assert told in {f"default {name}", "default .Trash-*/"}
        assert excluded(rules_of(), [*folders]) in {None, "hidden"}
        assert excluded(rules_of(defaults=False), [*folders, "1.jpg"]) in {None, "hidden"}

    def test_folders_with_other_names_stay(self, tmp_path):
        names = ["bin/1.jpg", "recycle/1.jpg", "thumbnails/1.jpg", "Cache/1.jpg", "node/1.jpg"]
        touch(tmp_path, *names)
        assert sorted(found(tmp_path)) == sorted(names)

    def test_what_the_user_names_is_never_left_out_by_default(self, tmp_path):
        touch(tmp_path, "@eaDir/1.jpg", "@eaDir/#recycle/2.jpg", "@eaDir/x/@eaDir/3.jpg")
        assert found(tmp_path, asked=[tmp_path / "@eaDir"]) == ["@eaDir/1.jpg"]
        assert found(tmp_path, asked=[tmp_path / "@eaDir/#recycle/2.jpg"]) == [
            "@eaDir/#recycle/2.jpg"
        ]

    def test_they_can_be_taken_back_and_turned_off(self, tmp_path):
        touch(tmp_path, "@eaDir/1.jpg", ".album/2.jpg", "._3.jpg")
        assert found(tmp_path, "!@eaDir/") == ["@eaDir/1.jpg"]
        assert found(tmp_path, defaults=False) == ["@eaDir/1.jpg"]
        (tmp_path / IGNORE_FILE).write_text("!.album/\n")
        assert found(tmp_path) == [".album/2.jpg"]

    def test_apple_doubles_are_hidden(self, tmp_path):
        touch(tmp_path, "IMG.jpg", "._IMG.jpg")
        left_out = LeftOut()
        assert found(tmp_path, left_out=left_out) == ["IMG.jpg"]
        assert left_out.rules == [("hidden", 1, 0)]


class TestIgnoreFiles:
    def test_hold_for_their_folder_and_below(self, tmp_path):
        touch(tmp_path, "a.png", "in/a.png", "in/b.jpg", "in/deep/a.png", "other/b.jpg")
        (tmp_path / "in" / IGNORE_FILE).write_text("*.png\n/b.jpg\n")
        assert found(tmp_path) == ["a.png", "other/b.jpg"]
        assert found(tmp_path, asked=[tmp_path / "in" / "deep"]) == ["in/deep/a.png"]

    def test_the_deeper_one_decides_and_the_command_before_all(self, tmp_path):
        touch(tmp_path, "a.png", "in/a.png", "in/b.png")
        (tmp_path / IGNORE_FILE).write_text("*.png\n")
        (tmp_path / "in" / IGNORE_FILE).write_text("!a.png\n")
        assert found(tmp_path, asked=[tmp_path]) == ["in/a.png"]
        assert found(tmp_path, "!b.png") == ["in/a.png", "in/b.png"]
        assert found(tmp_path, "a.png") == []

    def test_nothing_below_an_excluded_folder_is_taken_back(self, tmp_path):
        touch(tmp_path, "in/a.png")
        (tmp_path / IGNORE_FILE).write_text("in/\n!in/a.png\n")
        assert found(tmp_path) == []
        (tmp_path / IGNORE_FILE).write_text("in/*\n!in/a.png\n")
        assert found(tmp_path) == ["in/a.png"]

    def test_one_that_cannot_be_read_stops_the_run(self, tmp_path, monkeypatch):
        touch(tmp_path, "a.png", IGNORE_FILE)

        def refuse(_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(type(tmp_path), "read_bytes", refuse)
        with pytest.raises(UserError, match=r"\.splicedexignore cannot be read \(Permission"):
            found(tmp_path)

    def test_a_folder_of_that_name_is_none(self, tmp_path):
        touch(tmp_path, "a.png", f"{IGNORE_FILE}/x")
        assert found(tmp_path) == ["a.png"]


class TestWhatIsNamed:
    def test_own_patterns_leave_out_named_files_and_ignore_files_do_not(self, tmp_path):
        touch(tmp_path, "a.png", "b.jpg")
        (tmp_path / IGNORE_FILE).write_text("*.jpg\n")
        named = [tmp_path / "a.png", tmp_path / "b.jpg"]
        assert found(tmp_path, "*.png", asked=named) == ["b.jpg"]
        assert named_rules().excludes(".hidden.jpg", is_folder=False) is None

    @pytest.mark.parametrize("pattern", ["*", "**", "**/*.jpg", "*/*.jpg", "**/"])
    def test_globs_follow_the_rules(self, tmp_path, pattern):
        touch(tmp_path, "in/1.jpg", "in/2.jpg", "@eaDir/1.jpg", "private/1.jpg", "in/x/3.jpg")
        (tmp_path / "in" / IGNORE_FILE).write_text("2.jpg\n")
        left_out = LeftOut()
        photos = found(tmp_path, "private/", asked=[tmp_path / pattern], left_out=left_out)
        assert sorted(photos) == ["in/1.jpg", *(["in/x/3.jpg"] if pattern != "*/*.jpg" else [])]
        assert left_out.photos.total() == 1
        assert left_out.folders == {"--exclude private/": 1, "default @eaDir/": 1}

    def test_a_glob_with_a_step_up(self, tmp_path, monkeypatch):
        touch(tmp_path, "in/1.jpg", "other/x")
        monkeypatch.chdir(tmp_path)
        assert [str(path) for path in find_photos(["ot*/../in/*.jpg"])] == ["other/../in/1.jpg"]

    def test_patterns_are_relative_to_each_path(self, tmp_path):
        touch(tmp_path, "a/x/1.jpg", "b/x/1.jpg", "b/y/x/1.jpg")
        asked = [tmp_path / "a", tmp_path / "b"]
        assert found(tmp_path, "/x/", asked=asked) == ["b/y/x/1.jpg"]


def test_excluded_folders_are_not_walked(tmp_path, monkeypatch):
    touch(tmp_path, "in/1.jpg", "private/deep/2.jpg")
    listed = []
    scandir = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(path.name) or scandir(path))
    assert found(tmp_path, "private/") == ["in/1.jpg"]
    assert listed == [tmp_path.name, "in"]


def test_everything_is_counted(tmp_path):
    touch(
        tmp_path, "a.jpg", "b.png", "c.png", "d.mp4", "e.txt", ".f.jpg", "@eaDir/g.jpg", "h/i.png"
    )
    left_out = LeftOut()
    assert found(tmp_path, "*.png", "*.txt", "*.tif", left_out=left_out) == ["a.jpg"]
    assert left_out.rules == [
        ("--exclude *.png", 3, 0),
        ("default @eaDir/", 0, 1),
        ("hidden", 1, 0),
    ]
    assert left_out.others == 1
    excludes = Excludes(["*.png", "*.txt", "*.tif", "!x", "#recycle"])
    assert excludes.idle(left_out.matched) == ["*.tif", "#recycle"]


NAMES = ("a", "b", "c.jpg", "d.jpg", ".e", "node_modules")
LINES = ("a", "a/", "/a", "*.jpg", "!c.jpg", "b/*", "!b/a", "**/d.jpg", "a/**", "!a/", "[a-b]", "*")
trees = st.sets(
    st.lists(st.sampled_from(NAMES[:2]), max_size=3).map(lambda above: "/".join([*above, "c.jpg"]))
    | st.lists(st.sampled_from(NAMES[:2]), max_size=3).map(
        lambda above: "/".join([*above, "d.jpg"])
    ),
    min_size=1,
    max_size=8,
)
files = st.dictionaries(
    st.sampled_from(["", "a", "b", "a/b"]),
    st.lists(st.sampled_from(LINES), min_size=1, max_size=3),
    max_size=3,
)


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@settings(max_examples=60)
@given(trees, files)
def test_any_tree_is_walked_as_git_would(tmp_path_factory, names, ignore_files):
    folder = tmp_path_factory.mktemp("tree")
    touch(folder, *names)
    for above, lines in ignore_files.items():
        for ignore_file in (IGNORE_FILE, ".gitignore"):
            (folder / above).mkdir(parents=True, exist_ok=True)
            (folder / above / ignore_file).write_text("\n".join(lines))
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard", "-z"],
        cwd=folder,
        capture_output=True,
        check=True,
        env=os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
    )
    kept = {name for name in listed.stdout.decode().split("\0") if name.endswith(".jpg")}
    assert set(found(folder, defaults=False)) == kept
    shutil.rmtree(folder)
