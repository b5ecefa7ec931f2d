"""SIGKILL at random moments: the final index equals that of a run without kills."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image

from splicedex.splice.presence.calibration import SAMPLE
from tests.faults.conftest import Contents, assert_same, child_of, one_line
from tests.photos import make_embeddings, make_space

SHORT = 3
"""Number of kills in CI; `FULL` is for `make nightly`."""
FULL = 50
kills = pytest.mark.parametrize("kills", [SHORT, pytest.param(FULL, marks=pytest.mark.slow)])


class Collection:
    """A changing collection: embeddings and labels by name."""

    def __init__(self, folder, count):
        self.folder = folder
        self.random = np.random.default_rng(3)
        self.space = make_space()
        self.space.save(folder / "space")
        rows = make_embeddings(self.space, count)
        self.rows = {f"{number % 7}/{number}.jpg": row for number, row in enumerate(rows)}
        self.labels = dict.fromkeys(self.rows, "old")
        self.write()

    def write(self):
        np.save(self.folder / "x.npy", np.array(list(self.rows.values())))
        lines = [f"{name},{self.labels[name]}" for name in self.rows]
        (self.folder / "files.csv").write_text("\n".join(["file,label", *lines]) + "\n")

    def change(self, some=40):
        """Add, change, relabel and delete some, then shuffle all."""
        names = self.random.permutation(list(self.rows))
        for number, name in enumerate(names[:some]):
            self.rows[f"new/{len(self.rows)}-{number}.jpg"] = self.rows[name][::-1]
            self.rows[name] = np.roll(self.rows[name], 1)
        for name in names[some : 2 * some]:
            self.labels[name] = f"label {self.random.integers(5)}"
        for name in names[2 * some : 3 * some]:
            del self.rows[name]
        self.labels = {name: self.labels.get(name, "new") for name in self.rows}
        self.rows = {name: self.rows[name] for name in self.random.permutation(list(self.rows))}
        self.write()

    def words(self, index):
        return [
            "index", "--index", index, "--model", self.folder / "space", "--prune", "--yes",
            "--embeddings", self.folder / "x.npy", "--files", self.folder / "files.csv",
        ]  # fmt: skip


class Kills:
    """Runs that are killed at a random moment within a time that grows with every run that was
    killed and shrinks with every run that ended first."""

    def __init__(self, start, seconds, seed):
        self._start = start
        self._seconds = seconds
        self._random = np.random.default_rng(seed)

    def die(self, words):
        """Run a command; returns whether it was killed."""
        process = self._start(*words)
        try:
            process.communicate(timeout=self._random.uniform(0.2, 1) * self._seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            self._seconds *= 1.1
            return True
        assert process.returncode == 0
        self._seconds *= 0.8
        return False


def took(process):
    """Seconds of a process to its end."""
    start = time.monotonic()
    _, said = process.communicate()
    assert process.returncode == 0, said
    return time.monotonic() - start


@kills
def test_at_any_moment_of_a_run(tmp_path, splicedex, started, kills):
    """More images than the calibration sample, so that kills fall before, during and after it."""
    collection = Collection(tmp_path, SAMPLE + 2000)
    longest = took(started(*collection.words(tmp_path / "whole")))
    expected = Contents.of(tmp_path / "whole")
    run = Kills(started, longest, kills)
    died = rounds = 0
    while died < kills:
        index = tmp_path / f"killed{rounds}"
        rounds += 1
        while died < kills and run.die(collection.words(index)):
            died += 1
        last = splicedex(*collection.words(index), "--json")
        assert last["images"] == len(expected.ids)
        assert_same(Contents.of(index), expected)
    left = {path.name for path in tmp_path.iterdir() if path.name.startswith(".")}
    assert not left, "half-made indexes lie about"


@kills
def test_while_images_are_added_changed_and_deleted(tmp_path, splicedex, started, kills):
    collection = Collection(tmp_path, 4000)
    longest = took(started(*collection.words(tmp_path / "first")))
    run = Kills(started, longest, kills)
    index = tmp_path / "killed"
    died = 0
    while died < kills:
        collection.change()
        died += run.die(collection.words(index))
    splicedex(*collection.words(index))
    splicedex(*collection.words(tmp_path / "whole"))
    assert_same(Contents.of(index), Contents.of(tmp_path / "whole"))


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, to find it")
@pytest.mark.slow
def test_the_process_that_decomposes(tmp_path, splicedex, started):
    """The run reports it in one line, or has already finished; the next one continues."""
    collection = Collection(tmp_path, SAMPLE + 6000)
    splicedex(*collection.words(tmp_path / "whole"))
    expected = Contents.of(tmp_path / "whole")
    random = np.random.default_rng(5)
    for number in range(15):
        words = collection.words(tmp_path / f"killed{number}")
        process = started(*words)
        child = child_of(process, "decompose")
        assert child is not None
        time.sleep(random.uniform(0, 1))
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        _, said = process.communicate(timeout=60)
        assert process.returncode in {0, 2}
        if process.returncode:
            assert "run the same command again to continue" in one_line(said)
        splicedex(*words)
        assert_same(Contents.of(tmp_path / f"killed{number}"), expected)


class Photos:
    """A changing folder of small photos."""

    def __init__(self, folder):
        self.folder = folder
        self.random = np.random.default_rng(4)
        self.made = 0
        folder.mkdir()
        for _ in range(600):
            self.paint()

    def paint(self, path=None):
        self.made += 1
        path = path or self.folder / f"{self.made}.{('png', 'jpg')[self.made % 2]}"
        small = Image.fromarray(self.random.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((int(self.random.integers(20, 60)), 40)).save(path)

    def change(self):
        """Add one photo, replace one and delete one."""
        paths = sorted(self.folder.iterdir())
        again, gone = self.random.choice(len(paths), 2, replace=False)
        self.paint()
        self.paint(paths[again])
        paths[gone].unlink()


@pytest.mark.slow
def test_while_photos_are_added_changed_and_deleted(tmp_path, splicedex, started, model):
    """Photos change also while the run reads them."""
    photos = Photos(tmp_path / "photos")

    def words(index):
        return ["index", "--index", index, "--model", model, "--prune", "--yes", photos.folder]

    longest = took(started(*words(tmp_path / "first")))
    random = np.random.default_rng(1)
    died = 0
    while died < FULL:
        process, began = started(*words(tmp_path / "killed")), time.monotonic()
        until = began + random.uniform(0.3, 1) * longest
        while time.monotonic() < until and process.poll() is None:
            photos.change()
            time.sleep(0.05)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            died += 1
        else:
            longest = time.monotonic() - began
        process.communicate()
    splicedex(*words(tmp_path / "killed"))
    splicedex(*words(tmp_path / "whole"))
    assert_same(Contents.of(tmp_path / "killed"), Contents.of(tmp_path / "whole"), encoded=True)
