"""Two processes on one index folder: the second waits or reports who holds it."""

from __future__ import annotations

import re
import signal
import sys
import time
from types import SimpleNamespace

import pytest

from splicedex.indexer.store import lock
from splicedex.indexer.store.index import open_index
from splicedex.indexer.store.lock import hold
from splicedex.splice.errors import UserError
from tests.faults.conftest import Contents, assert_same, one_line

HOLDER = re.compile(r"error: (.+) \(process (\d+), since [\d-]+ [\d:]+\) holds the index in ")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs flock")


@pytest.fixture
def words(tmp_path, embedded):
    return [
        "index", "--index", tmp_path / "i", "--model", embedded / "space",
        "--embeddings", embedded / "x.npy", "--files", embedded / "files.csv",
    ]  # fmt: skip


@pytest.fixture
def expected(tmp_path, words, splicedex):
    """The content after one run alone."""
    splicedex(*words[:2], tmp_path / "alone", *words[3:])
    return Contents.of(tmp_path / "alone")


def test_runs_that_start_together_on_no_index_yet(tmp_path, words, started, splicedex, expected):
    runs = [started(*words) for _ in range(4)]
    said = [run.communicate(timeout=600)[1] for run in runs]
    codes = [run.returncode for run in runs]
    assert 0 in codes
    for code, error in zip(codes, said, strict=True):
        assert code in (0, 2), error
        if code:
            found = HOLDER.match(one_line(error))
            assert found, error
            assert found[1] == "splicedex index"
            assert int(found[2]) in {run.pid for run in runs}
    splicedex(*words)
    assert_same(Contents.of(tmp_path / "i"), expected)


def test_runs_that_wait_all_end_well(tmp_path, words, started, expected):
    runs = [started(*words, "--wait", "100") for _ in range(4)]
    for run in runs:
        _, error = run.communicate(timeout=600)
        assert run.returncode == 0, error
    assert_same(Contents.of(tmp_path / "i"), expected)


@pytest.fixture
def served(tmp_path, words, splicedex, started):
    """An index that `splicedex serve` holds."""
    splicedex(*words)
    server = started("serve", "--index", words[2], "--port", "0")
    while not (words[2] / "lock").read_text().count(f'"pid": {server.pid},'):
        assert server.poll() is None, server.communicate()
        time.sleep(0.05)
    return server


@pytest.mark.parametrize("command", ["index", "search"])
def test_while_a_server_runs(words, served, splicedex, command):
    before = [words, ["search", "dog", "--index", words[2]]][command == "search"]
    said = HOLDER.match(one_line(splicedex(*before, expect=2)))
    assert said
    assert (said[1], int(said[2])) == ("splicedex serve", served.pid)


def test_a_server_finds_the_index_held(words, splicedex):
    splicedex(*words)
    with open_index(words[2]):
        said = one_line(splicedex("serve", "--index", words[2], "--port", "0", expect=2))
    assert HOLDER.match(said)


def test_a_holder_that_is_killed_holds_nothing(words, served, splicedex):
    served.send_signal(signal.SIGKILL)
    served.wait()
    assert splicedex(*words, "--json")["unchanged"] == 300


class TestLock:
    def test_is_let_go_and_taken_again(self, tmp_path):
        for _ in range(2):
            with hold(tmp_path):
                pass

    def test_is_waited_for_no_longer_than_asked(self, tmp_path, monkeypatch):
        slept = []
        clock = SimpleNamespace(
            monotonic=lambda: sum(slept), sleep=slept.append, strftime=time.strftime
        )
        monkeypatch.setattr(lock, "time", clock)
        with hold(tmp_path):
            with pytest.raises(UserError, match="holds the index"), hold(tmp_path, wait=0.3):
                pass
            assert 0.3 <= sum(slept) < 0.5

    @pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"{}", b"\xff\xfe"])
    def test_says_so_whatever_the_file_holds(self, tmp_path, content):
        with hold(tmp_path):
            (tmp_path / "lock").write_bytes(content)
            with pytest.raises(UserError, match="another process holds"), hold(tmp_path):
                pass
