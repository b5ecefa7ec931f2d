"""A function that is called in a child process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest

from splicedex.indexer.concurrency import child_process as subject
from splicedex.indexer.concurrency.child_process import ChildProcess, DiedError
from splicedex.splice.errors import UnavailableError
from tests.paths import ROOT


def answer(power, question):
    """Die, raise, print, or compute a power, as the question asks."""
    match question:
        case str("die"):
            os.kill(os.getpid(), signal.SIGKILL)
        case str("raise"):
            raise UnavailableError("it is away", "wait")
        case str("who"):
            print("libraries print", flush=True)
            return os.getpid()
    return question**power


@pytest.fixture(scope="module")
def child():
    made = ChildProcess(partial(answer, 3), "answer")
    made.start()
    yield made
    made.close()


def test_answers_calls(child):
    assert [child(number) for number in range(4)] == [0, 1, 8, 27]
    rows = np.arange(300_000.0)  # more than a pipe holds
    np.testing.assert_array_equal(child(rows), rows**3)


def test_is_another_process_and_stays_the_same(child):
    assert child("who") == child("who") != os.getpid()


def test_errors_are_raised_in_the_caller(child):
    with pytest.raises(UnavailableError) as caught:
        child("raise")
    assert (caught.value.cause, caught.value.hint) == ("it is away", "wait")
    assert child(2) == 8


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_after_its_death_another_can_be_started(child):
    first = child("who")
    with pytest.raises(DiedError, match=r"^SIGKILL$"):
        child("die")
    assert not child.running()
    child.start()
    assert child("who") != first


def test_a_function_that_cannot_be_loaded(monkeypatch, tmp_path):
    """A module that ends at once stands for a child that cannot load its function."""
    (tmp_path / "ends.py").write_text("raise SystemExit(3)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(subject, "MODULE", "ends")
    child = ChildProcess(abs, "abs")
    assert not child.running()
    with pytest.raises(DiedError, match=r"^exit code 3$"):
        child.start()


SCRIPT = """
import time
from splicedex.indexer.concurrency.child_process import ChildProcess
child = ChildProcess(time.sleep, "sleep")
child.start()
print("at work", flush=True)
child(0.3)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ends_silently_with_its_parent():
    """The parent is killed while the child works, so nobody reads the answer."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as program:
        program.stdout.readline()
        program.kill()
        _, errors = program.communicate(
            timeout=20
        )  # returns when the child has closed the pipe, too
    assert errors == b""
