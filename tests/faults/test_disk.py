"""Disks that are full, read-only or missing: one clear line, and nothing is lost."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from splicedex.indexer.engines.edge.os_errors import RESERVE
from splicedex.indexer.store.index import open_index
from tests.e2e.conftest import environment_of
from tests.faults.conftest import Contents, assert_same, one_line
from tests.forking import COMMAND
from tests.photos import make_embeddings, make_space

IMAGES = 6000
MIB = 1 << 20
SLOW = pytest.mark.slow


@pytest.fixture
def mount(tmp_path):
    """Creates and mounts a file system of some MiB; skips without the permission."""
    mounted = []

    def make(size):
        if os.geteuid() != 0:
            pytest.skip("needs root, to mount a file system")
        number = len(mounted)
        image, folder = tmp_path / f"disk{number}.img", tmp_path / f"disk{number}"
        with image.open("wb") as file:
            file.truncate(size * MIB)
        folder.mkdir()
        for words in (
            ("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", image),
            ("mount", "-o", "loop", image, folder),
        ):
            try:
                subprocess.run(words, check=True, capture_output=True, text=True)
            except (OSError, subprocess.CalledProcessError) as error:
                pytest.skip(f"needs to mount a file system: {error}")
        mounted.append(folder)
        return folder

    yield make
    for folder in reversed(mounted):
        while subprocess.run(("umount", folder), check=False, capture_output=True).returncode == 0:
            pass


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Embeddings of thousands of images, and the words that index them."""
    folder = tmp_path_factory.mktemp("source")
    space = make_space()
    space.save(folder / "space")
    np.save(folder / "x.npy", make_embeddings(space, IMAGES))
    (folder / "files.csv").write_text("\n".join(["file", *map(str, range(IMAGES))]) + "\n")
    return [
        "--model", folder / "space",
        "--embeddings", folder / "x.npy", "--files", folder / "files.csv",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def expected(source, run_to_end, tmp_path_factory):
    """The content after a run without faults."""
    folder = tmp_path_factory.mktemp("whole")
    words = ("index", "--index", folder / "i", *source)
    done = run_to_end(list(map(str, words)), environment_of(folder / "cache"))
    assert done.returncode == 0, done.stderr
    return Contents.of(folder / "i")


def fill(folder, left):
    """Fill a disk until some MiB are left; returns the file to delete."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while (free := shutil.disk_usage(folder).free) > left * MIB or not left:
            file.write(bytes(min(MIB, free or 4096)))
            os.fsync(file)
    return ballast


def images(folder):
    with open_index(folder) as index:
        return index.engine.count()


class TestFullDisk:
    def test_is_told_before_anything_is_lost(self, mount, source, splicedex, expected):
        disk = mount(128)
        index = disk / "i"
        ballast = fill(disk, left=RESERVE // MIB + 7)
        said = one_line(splicedex("index", "--index", index, *source, expect=2))
        assert "are free on the disk of" in said
        assert "free some space there, then run the same command again" in said
        had = images(index)
        assert 0 < had < IMAGES
        ballast.unlink()
        again = splicedex("index", "--index", index, *source, "--json")
        assert (again["unchanged"], again["added"]) == (had, IMAGES - had)
        assert_same(Contents.of(index), expected)

    def test_leaves_no_half_made_index(self, mount, source, splicedex):
        disk = mount(64)
        fill(disk, left=1)
        assert "are free" in one_line(splicedex("index", "--index", disk / "i", *source, expect=2))
        assert {path.name for path in disk.iterdir()} == {"lost+found", "ballast"}

    @pytest.mark.parametrize("left", [0, *(pytest.param(n, marks=SLOW) for n in (1, 4))])
    def test_that_others_fill_meanwhile_costs_nothing_that_was_counted(
        self, mount, source, splicedex, paced, expected, left
    ):
        disk = mount(128)
        index = disk / "i"
        run = paced("index", "--index", index, *source)
        run.until(2000)
        ballast = fill(disk, left)
        said = one_line(run.end())
        assert "are free on the disk of" in said
        ballast.unlink()
        assert images(index) == run.counted
        again = splicedex("index", "--index", index, *source, "--json")
        assert (again["unchanged"], again["images"]) == (run.counted, IMAGES)
        assert_same(Contents.of(index), expected)

    def test_that_outruns_the_check_costs_nothing_that_was_counted(
        self, mount, source, splicedex, paced
    ):
        """A write to a mapped file kills the process, unless a normal write fails first."""
        disk = mount(128)
        index = disk / "i"
        run = paced("index", "--index", index, *source, checked=False)
        run.until(2000)
        ballast = fill(disk, left=0)
        said = run.end()
        if run.process.returncode != 2:
            assert run.process.returncode == -signal.SIGBUS
            assert said.startswith("Fatal Python error: Bus error")
        ballast.unlink()
        assert images(index) >= run.counted
        again = splicedex("index", "--index", index, *source, "--json")
        assert again["images"] == IMAGES
        assert again["unchanged"] >= run.counted

    def test_lets_a_search_answer_or_say_why_not(self, mount, source, splicedex, started):
        disk = mount(128)
        splicedex("index", "--index", disk / "i", *source)
        ballast = fill(disk, left=0)
        search = started("search", "dog", "--index", disk / "i")
        said = search.communicate(timeout=600)[1]
        assert search.returncode in {0, 2}
        if search.returncode:
            assert "no space left on device; free some space" in one_line(said)
        ballast.unlink()
        assert splicedex("search", "dog", "--index", disk / "i", "--json")["hits"]


@pytest.fixture
def made(mount, source, splicedex):
    """An index on a separate disk."""
    folder = mount(128) / "i"
    splicedex("index", "--index", folder, *source)
    return folder


class TestReadOnly:
    def test_is_told(self, made, source, splicedex):
        before = Contents.of(made)
        subprocess.run(("mount", "-o", "remount,ro", made.parent), check=True)
        commands = [
            ("search", "dog", "--index", made),
            ("index", "--index", made, *source),
            ("index", "--index", made.parent / "new", *source),
        ]
        for command in commands:
            said = one_line(splicedex(*command, expect=2))
            assert "read-only file system; make it writable" in said
        subprocess.run(("mount", "-o", "remount,rw", made.parent), check=True)
        assert_same(Contents.of(made), before)


class TestUnwritable:
    @pytest.fixture
    def powerless(self, started):
        """Runs the command without root's right to ignore file modes."""
        ours = []
        if os.geteuid() == 0:
            ours = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"]
            if shutil.which("setpriv") is None:
                pytest.skip("needs setpriv, as root may write anywhere")

        def run(*words, expect=2):
            process = started(*words, command=(*ours, COMMAND))
            said = process.communicate(timeout=600)[1]
            assert process.returncode == expect, said
            return one_line(said) if expect else said

        return run

    def test_is_told(self, tmp_path, source, splicedex, powerless):
        index = tmp_path / "i"
        splicedex("index", "--index", index, *source)
        before = Contents.of(index)
        folders = [path for path in (index, *index.rglob("*")) if path.is_dir()]
        files = [path for path in index.rglob("*") if path.is_file()]
        for path in (*files, *folders):
            path.chmod(0o555 if path in folders else 0o444)
        told = "permission denied; use a folder that you may write to"
        assert told in powerless("search", "dog", "--index", index)
        assert told in powerless("index", "--index", index, *source)
        assert told in powerless("index", "--index", index / "new", *source)
        for path in (*folders, *files):
            path.chmod(0o755)
        assert_same(Contents.of(index), before)

    def test_photos_in_a_folder_that_cannot_be_listed_are_not_pruned(
        self, tmp_path, model, splicedex, powerless
    ):
        paint(tmp_path / "photos" / "barred", 5)
        paint(tmp_path / "photos" / "open", 5)
        words = ["index", "--index", tmp_path / "i", "--model", model, tmp_path / "photos"]
        splicedex(*words)
        (tmp_path / "photos" / "open" / "000.png").unlink()
        (tmp_path / "photos" / "barred").chmod(0)
        said = powerless(*words, "--prune", expect=0)
        (tmp_path / "photos" / "barred").chmod(0o755)
        assert f"{tmp_path}/photos/barred: a folder that cannot be listed" in said
        assert splicedex(*words, "--prune", "--json")["unchanged"] == 9


def paint(folder, count):
    """Small photos, each with its own colours."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        random = np.random.default_rng(number)
        small = Image.fromarray(random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((40, 40)).save(folder / f"{number:03}.png")


class TestFewFileHandles:
    @pytest.mark.parametrize("limit", [24, *(pytest.param(n, marks=SLOW) for n in (12, 16, 40))])
    def test_is_told_or_is_enough(self, tmp_path, model, started, splicedex, limit):
        paint(tmp_path / "photos", 20)
        words = ["index", "--index", tmp_path / "i", "--model", model, tmp_path / "photos"]
        run = started(
            *words, "--workers", "8",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit)),
        )  # fmt: skip
        said = run.communicate(timeout=600)[1]
        if run.returncode:
            assert "too many open files; allow more" in one_line(said)
        assert splicedex(*words, "--json")["images"] == 20


class TestVanished:
    """A disk that is unmounted during a run."""

    COUNT = 700

    @pytest.fixture
    def words(self, tmp_path, model):
        return ["index", "--index", tmp_path / "i", "--model", model, "--workers", "1"]

    def test_photos(self, tmp_path, mount, words, paced, splicedex):
        disk = mount(64)
        paint(disk / "photos", self.COUNT)
        paint(tmp_path / "others", 3)
        asked = [disk / "photos", tmp_path / "others", "--prune"]
        run = paced(*words, *asked)
        run.until(256)
        subprocess.run(("umount", "--lazy", disk), check=True)
        said = run.end()
        assert run.process.returncode == 0
        assert "skipped:" in said
        assert "No such file or directory" in said
        had = splicedex("info", "--index", words[2], "--json")["images"]
        assert 256 <= had < self.COUNT

        said = splicedex(*words, *asked, expect=2)  # the mount's folder is empty now
        assert "nothing was pruned" in said
        assert f"of {had} images, under {disk}/photos; is a drive missing?" in said
        splicedex(*words, disk, *asked[1:])  # nothing is pruned of a disk that shows no photo
        assert splicedex("info", "--index", words[2], "--json")["images"] == had
        subprocess.run(("mount", "-o", "loop", disk.with_suffix(".img"), disk), check=True)
        again = splicedex(*words, *asked, "--json")
        assert (again["unchanged"], again["images"]) == (had, self.COUNT + 3)
        assert not again["skipped"]

    def test_index(self, mount, source, paced, splicedex, expected):
        disk = mount(128)
        run = paced("index", "--index", disk / "i", *source)
        run.until(2000)
        subprocess.run(("umount", "--lazy", disk), check=True)
        said = one_line(run.end())
        assert "no such file or directory; check that its disk is there" in said
        assert not any(disk.iterdir()), "it must not write elsewhere"
        subprocess.run(("mount", "-o", "loop", disk.with_suffix(".img"), disk), check=True)
        again = splicedex("index", "--index", disk / "i", *source, "--json")
        assert again["images"] == IMAGES
        assert again["unchanged"] >= run.counted
        assert_same(Contents.of(disk / "i"), expected)
