"""Runs the real command in a separate process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.pacing import PACED, Paced

COMMAND = str(Path(sys.executable).with_name("splicedex"))


@pytest.fixture
def environment(tmp_path):
    """Environment of the command: separate cache, no hub."""
    return os.environ | {
        "SPLICEDEX_CACHE": str(tmp_path / "cache"),
        "HF_HUB_OFFLINE": "1",
        "COLUMNS": "160",
        "NO_COLOR": "1",
    }


@pytest.fixture
def splicedex(environment):
    """Runs `splicedex` with the given words; returns its output, or the expected error."""

    def run(*words, expect=0):
        done = subprocess.run(
            [COMMAND, *map(str, words)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
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


@pytest.fixture
def embedded(tmp_path, space):
    """A folder with a concept space, 300 embeddings around its image mean, and a table of files."""
    random = np.random.default_rng(5)
    folder = tmp_path / "embedded"
    space.save(folder / "space")
    weights = random.random((300, len(space.concepts))) ** 6
    rows = weights @ space.atoms + space.image_mean + 0.02 * random.normal(size=(300, space.dim))
    np.save(folder / "x.npy", rows.astype(np.float32))
    lines = [f"{i:03}.jpg,{'even' if i % 2 == 0 else 'odd'},{i}" for i in range(300)]
    (folder / "files.csv").write_text("\n".join(["file,label,number", *lines]) + "\n")
    return folder


@pytest.fixture
def indexed(tmp_path, splicedex, embedded):
    """An index of `embedded`, and the words of the command that made it."""
    folder = tmp_path / "made.idx"
    words = (
        "index", "--index", folder, "--model", embedded / "space",
        "--embeddings", embedded / "x.npy", "--files", embedded / "files.csv",
    )  # fmt: skip
    splicedex(*words)
    return folder, words
