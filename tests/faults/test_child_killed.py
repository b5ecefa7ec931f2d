"""The decompose process is killed, as by a system out of memory, or its parent ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from splicedex.indexer.pipeline.decompose_process import ALONE
from tests.faults.conftest import Contents, assert_same, one_line
from tests.photos import make_embeddings, make_space

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
COUNT = 4 * ALONE


@pytest.fixture(scope="module")
def embeddings(tmp_path_factory):
    """A folder with enough embeddings to start a decompose process."""
    folder = tmp_path_factory.mktemp("embeddings")
    space = make_space()
    space.save(folder / "space")
    np.save(folder / "x.npy", make_embeddings(space, COUNT))
    names = [f"{number}.jpg" for number in range(COUNT)]
    (folder / "files.csv").write_text("\n".join(["file", *names]) + "\n")
    return folder


def words(index, embeddings):
    return [
        "index", "--index", index, "--model", embeddings / "space",
        "--embeddings", embeddings / "x.npy", "--files", embeddings / "files.csv",
    ]  # fmt: skip


@pytest.fixture
def run(tmp_path, embeddings, paced):
    """A run that has started its decompose process and waits."""
    started = paced(*words(tmp_path / "index", embeddings))
    while not children(started):
        started.until(started.counted + 1)
        assert started.counted < COUNT // 2, "no process was started"
    assert started.counted >= ALONE / 2, "it does not pay yet"
    return started


def children(run):
    tasks = Path(f"/proc/{run.process.pid}/task").glob("*/children")
    return [int(child) for file in tasks for child in file.read_text().split()]


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_its_death_is_one_line_and_costs_nothing(tmp_path, embeddings, run, splicedex):
    for child in children(run):
        os.kill(child, signal.SIGKILL)
    said = one_line(run.end())
    assert "the process that decomposes images died (SIGKILL)" in said
    assert run.process.returncode == 2
    again = splicedex(*words(tmp_path / "index", embeddings), "--json")
    assert run.counted <= again["unchanged"] < COUNT
    assert again["unchanged"] + again["added"] == COUNT
    splicedex(*words(tmp_path / "whole", embeddings))
    assert_same(Contents.of(tmp_path / "index"), Contents.of(tmp_path / "whole"))


@pytest.mark.parametrize(("how", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_ends_with_the_run(run, how, code):
    processes = children(run)
    run.process.send_signal(how)
    said = run.end()
    assert run.process.returncode == code
    assert "Traceback" not in said
    assert ("stopped; run the same command again" in said) == (how == signal.SIGINT)
    while any(map(alive, processes)):
        time.sleep(0.01)
