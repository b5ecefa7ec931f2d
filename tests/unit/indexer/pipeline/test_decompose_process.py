"""Decomposing in this process and in a child process."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from splicedex.indexer.pipeline import decompose_process as subject
from splicedex.indexer.pipeline.decompose import Decomposer
from splicedex.indexer.pipeline.decompose_process import DecomposeProcess
from splicedex.splice.errors import UserError
from tests.photos import make_embeddings, make_index, make_space

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
SPACE = make_space()
ROWS = make_embeddings(SPACE, 50)


@pytest.fixture
def index(tmp_path):
    made = make_index(tmp_path / "made", "memory", SPACE, ROWS[:20])
    yield made
    made.close()


@pytest.fixture
def decompose(index, monkeypatch):
    """Starts a child process at the second block of 50 images."""
    monkeypatch.setattr(subject, "ALONE", 60)
    with DecomposeProcess(index) as made:
        yield made


def in_child(decompose, calibration):
    """Call until the child process is ready, then once more in it."""
    deadline = time.monotonic() + 60
    while decompose._started is None or not decompose._started.done():
        decompose(ROWS, calibration)
        assert time.monotonic() < deadline
    return decompose(ROWS, calibration)


def test_the_process_gives_the_same_bits(index, decompose, monkeypatch):
    weights, payloads = Decomposer.of(index)(ROWS)
    monkeypatch.setattr(Decomposer, "__call__", lambda *_: None)  # only in this process
    found, told = in_child(decompose, index.calibration)
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(found, name), getattr(weights, name))
    assert told == payloads
    assert any(payload["presence"] for payload in payloads)


def test_few_images_are_decomposed_in_this_process(index, decompose):
    decompose(ROWS, index.calibration)
    assert decompose._child is None


def test_errors_of_the_child_are_raised_here(index, decompose):
    in_child(decompose, index.calibration)
    with pytest.raises(UserError, match="row 3 of the embeddings holds NaN"):
        decompose(np.where(np.arange(50)[:, None] == 3, np.nan, ROWS), index.calibration)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_child_gives_a_one_line_error(index, decompose):
    in_child(decompose, index.calibration)
    os.kill(decompose._child._process.pid, signal.SIGKILL)
    with pytest.raises(UserError, match=r"decomposes images died \(SIGKILL\); .* to continue"):
        decompose(ROWS, index.calibration)


def test_closing_during_the_start_leaves_no_process(index, monkeypatch):
    monkeypatch.setattr(subject, "ALONE", 0)
    decompose = DecomposeProcess(index)
    decompose(ROWS, index.calibration)
    child = decompose._child
    decompose.close()
    assert not child.running()


def test_another_calibration_starts_another_process(index, decompose):
    in_child(decompose, index.calibration)
    first = decompose._child
    other = replace(index.calibration, offset=index.calibration.offset + 1)
    _, told = in_child(decompose, other)
    assert decompose._child is not first
    assert not first.running()
    assert told == replace(Decomposer.of(index), calibration=other)(ROWS)[1]
    assert told != Decomposer.of(index)(ROWS)[1]
