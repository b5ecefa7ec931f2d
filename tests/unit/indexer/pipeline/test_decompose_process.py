"""Derivation, here and in a process of its own."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from splicedex.indexer.pipeline import decompose_process as subject
from splicedex.indexer.pipeline.decompose import Derivation
from splicedex.indexer.pipeline.decompose_process import Deriving
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
def deriving(index, monkeypatch):
    """With a process from the second block of 50 on."""
    monkeypatch.setattr(subject, "ALONE", 60)
    with Deriving(index) as made:
        yield made


def elsewhere(deriving, calibration):
    """Call until the process is there, and then once more."""
    deadline = time.monotonic() + 60
    while deriving._started is None or not deriving._started.done():
        deriving(ROWS, calibration)
        assert time.monotonic() < deadline
    return deriving(ROWS, calibration)


def test_the_process_gives_the_same_bits(index, deriving, monkeypatch):
    weights, payloads = Derivation.of(index)(ROWS)
    monkeypatch.setattr(Derivation, "__call__", lambda *_: None)  # here, not there
    found, told = elsewhere(deriving, index.calibration)
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(found, name), getattr(weights, name))
    assert told == payloads
    assert any(payload["presence"] for payload in payloads)


def test_few_images_are_derived_here(index, deriving):
    deriving(ROWS, index.calibration)
    assert deriving._child is None


def test_errors_of_the_process_are_ours(index, deriving):
    elsewhere(deriving, index.calibration)
    with pytest.raises(UserError, match="row 3 of the embeddings holds NaN"):
        deriving(np.where(np.arange(50)[:, None] == 3, np.nan, ROWS), index.calibration)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_process_that_is_killed_is_one_line(index, deriving):
    elsewhere(deriving, index.calibration)
    os.kill(deriving._child._process.pid, signal.SIGKILL)
    with pytest.raises(UserError, match=r"decomposes images died \(SIGKILL\); .* to continue"):
        deriving(ROWS, index.calibration)


def test_closing_while_it_starts_leaves_nothing(index, monkeypatch):
    monkeypatch.setattr(subject, "ALONE", 0)
    deriving = Deriving(index)
    deriving(ROWS, index.calibration)
    child = deriving._child
    deriving.close()
    assert not child.running()


def test_another_calibration_has_a_process_of_its_own(index, deriving):
    elsewhere(deriving, index.calibration)
    first = deriving._child
    other = replace(index.calibration, offset=index.calibration.offset + 1)
    _, told = elsewhere(deriving, other)
    assert deriving._child is not first
    assert not first.running()
    assert told == replace(Derivation.of(index), calibration=other)(ROWS)[1]
    assert told != Derivation.of(index)(ROWS)[1]
