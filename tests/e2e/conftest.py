"""Runs the command in separate processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import small_space
from tests.forking import ALWAYS, COMMAND
from tests.pacing import PACED, Paced


def environment_of(cache):
    """Environment of a command with its own cache."""
    return os.environ | ALWAYS | {"SPLICEDEX_CACHE": str(cache)}


@pytest.fixture
def environment(tmp_path):
    """Environment of the command: separate cache, no hub."""
    return environment_of(tmp_path / "cache")


@pytest.fixture
def splicedex(environment, run_to_end):
    """Runs `splicedex` with the given words; returns its output, or the expected error."""

    def run(*words, expect=0):
        done = run_to_end(list(map(str, words)), environment)
        assert done.returncode == expect, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
        if expect:
            return done.stderr
        return json.loads(done.stdout) if "--json" in words else done.stdout

    return run


@pytest.fixture
def started(environment):
    """Starts `splicedex` with the given words and does not wait for it."""
    running = []

    def start(*words, command=(COMMAND,), **options):
        process = subprocess.Popen(
            [*command, *map(str, words)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **options,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def paced(started):
    """Starts `splicedex index` with the given words, see `Paced`."""

    def start(*words):
        return Paced(started(*words, command=(sys.executable, "-c", PACED)))

    return start


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """A folder for `embedded` and `indexed`: an index records the path of its concept space, so
    that path must be the same in all tests."""
    return tmp_path_factory.mktemp("place")


@pytest.fixture(scope="session")
def kept_embedded(place, tmp_path_factory):
    """What `embedded` is copied from."""
    random = np.random.default_rng(5)
    folder, space = place / "embedded", small_space()
    space.save(folder / "space")
    weights = random.random((300, len(space.concepts))) ** 6
    rows = weights @ space.atoms + space.image_mean + 0.02 * random.normal(size=(300, space.dim))
    np.save(folder / "x.npy", rows.astype(np.float32))
    lines = [f"{i:03}.jpg,{'even' if i % 2 == 0 else 'odd'},{i}" for i in range(300)]
    (folder / "files.csv").write_text("\n".join(["file,label,number", *lines]) + "\n")
    return copied(folder, tmp_path_factory.mktemp("kept") / "embedded")


@pytest.fixture
def embedded(place, kept_embedded):
    """A folder with a concept space, 300 embeddings around its image mean, and a table of files."""
    return copied(kept_embedded, place / "embedded")


@pytest.fixture(scope="session")
def kept_index(place, kept_embedded, run_to_end, tmp_path_factory):
    """What the index of `indexed` is copied from, and the words of the command that made it."""
    copied(kept_embedded, place / "embedded")
    folder, sources = place / "made.idx", place / "embedded"
    words = (
        "index", "--index", folder, "--model", sources / "space",
        "--embeddings", sources / "x.npy", "--files", sources / "files.csv",
    )  # fmt: skip
    cache = tmp_path_factory.mktemp("cache")
    done = run_to_end(list(map(str, words)), environment_of(cache))
    assert done.returncode == 0, done.stderr
    return copied(folder, tmp_path_factory.mktemp("kept") / "made.idx"), words


@pytest.fixture
def indexed(place, embedded, kept_index):
    """An index of `embedded`, and the words of the command that made it."""
    kept, words = kept_index
    return copied(kept, place / "made.idx"), words


def copied(folder, to):
    """A copy in place of what is there; holes in files stay holes."""
    shutil.rmtree(to, ignore_errors=True)
    subprocess.run(["cp", "-a", folder, to], check=True)
    return to
