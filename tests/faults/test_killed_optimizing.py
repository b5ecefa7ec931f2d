"""SIGKILL to the run or to its child while the child builds the graph: the next run builds it."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import numpy as np
import pytest

from splicedex.indexer.engines.edge.config import SMALL
from splicedex.indexer.pipeline.optimize import CHILD, is_due
from splicedex.indexer.store.index import open_index
from tests.faults.conftest import Contents, assert_same, child_of, one_line
from tests.photos import make_embeddings, make_index, make_space

IMAGES = SMALL + 100
SHORT = 3
"""Kills in CI; the nightly run has more."""
FULL = 30
pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="elsewhere a child outlives its parent"
)


@pytest.fixture
def index(tmp_path):
    """An index large enough for a graph, without one."""
    space = make_space()
    make_index(tmp_path / "made", "edge", space, make_embeddings(space, IMAGES)).close()
    space.save(tmp_path / "made" / "space")
    return tmp_path / "made" / "index"


@pytest.fixture
def words(index):
    made = index.parent
    return [
        "index", "--index", index, "--model", made / "space", "--wait", "30",
        "--embeddings", made / "x.npy", "--files", made / "files.csv",
    ]  # fmt: skip


class Builds:
    """Runs of which the parent or the child is killed, in turn, while a graph is built."""

    def __init__(self, start, seed):
        self._start = start
        self._random = np.random.default_rng(seed)
        self._seconds = 1.0
        self._whom = itertools.cycle(("run", "child"))

    def dies(self, *words):
        """Kill a run at a random moment. Returns whether that was before its end."""
        process = self._start(*words)
        child, began, whom = child_of(process, CHILD), time.monotonic(), next(self._whom)
        if child is None:
            assert process.wait() == 0
            return False
        with suppress(subprocess.TimeoutExpired):
            process.wait(self._random.uniform(0, self._seconds))
        with suppress(ProcessLookupError):
            os.kill(process.pid if whom == "run" else child, signal.SIGKILL)
        _, said = process.communicate(timeout=60)  # until both processes have ended
        if process.returncode == 0:
            self._seconds = time.monotonic() - began
            return False
        if whom == "run":
            assert process.returncode == -signal.SIGKILL
        else:
            assert "was not built (SIGKILL); run the same command again" in one_line(said)
        return True


@pytest.mark.parametrize("kills", [SHORT, pytest.param(FULL, marks=pytest.mark.slow)])
def test_at_any_moment_of_building(index, words, started, splicedex, kills):
    expected = Contents.of(index)
    builds = Builds(started, kills)
    died = 0
    for ann in itertools.cycle(("auto", "hnsw")):
        while died < kills and builds.dies(*words, "--ann", ann):
            died += 1
            with open_index(index, wait=30) as opened:
                assert opened.engine.count() == IMAGES
                assert not [*(index / "points" / "temp_segments").glob("*")], "half a graph is left"
        splicedex(*words, "--ann", ann)
        with open_index(index) as opened:
            assert not is_due(opened, ann)
        assert over_bytes(index) == (ann == "auto")
        if died == kills:
            break
    assert_same(Contents.of(index), expected)


def over_bytes(index):
    """Whether the graph of an index is over 8-bit vectors; there must be a graph."""
    assert any((index / "points").rglob("graph.bin"))
    return any((index / "points").rglob("quantized.data"))
