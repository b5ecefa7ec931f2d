"""A command answers as a new process as it does in the forks that other tests run it in."""

import os
import re
import sys

import pytest

from splicedex.api.cli.main import PANELS
from tests.forking import run_new
from tests.planted import write_planted

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
ASKED = {
    "index": ("--model", "space", "--embeddings", "x.npy", "--files", "files.csv", "--root", "."),
    "repair": (),
    "copy": ("made.idx", "copied.idx"),
    "move": ("a", "b", "--dry-run"),
    "serve": ("--port", "no number"),
    "search": ("dog NOT beach", "--near"),
    "similar": ("a/001.jpg",),
    "explain": ("a/001.jpg", "--query", "dog"),
    "concepts": ("dog",),
    "compare": ("label:dog", "label:horse"),
    "spurious": ("--label", "label", "--split", "split"),
    "drift": ("split:train", "split:test", "--permutations", "9"),
    "duplicates": ("--above", "0.999"),
    "balance": ("--by", "beach,snow", "--n", "20"),
    "sample": ("--n", "5"),
    "export": ("dog", "--to", "made.csv", "--overwrite"),
    "tag": ("dog", "set=pilot"),
    "classify": ("--names-from", "label"),
    "probe": ("--label", "label", "--split", "split"),
}
"""The words of a command, apart from those of `AT`."""
AT = ("--index", "made.idx")
COMMANDS = [name for panel in PANELS.values() for name in panel]
TIMES = re.compile(r"\d+(\.\d+)? (ms|s)\b|\([\d,]+ images/s\)")


@pytest.fixture(scope="module")
def planted(tmp_path_factory, run_to_end):
    folder = tmp_path_factory.mktemp("planted")
    write_planted(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for words in (("index", *AT, *ASKED["index"]), ("copy", *ASKED["copy"])):
            assert run_to_end(words, os.environ).returncode == 0
    return folder


@pytest.mark.parametrize("name", COMMANDS)
def test_both_ways_answer_alike(planted, environment, run_to_end, monkeypatch, name):
    monkeypatch.chdir(planted)
    words = (name, *ASKED.get(name, ()), *(() if name == "copy" else AT))
    one, other = (run(words, environment) for run in (run_to_end, run_new))
    assert one.returncode == other.returncode
    assert TIMES.sub("", one.stdout) == TIMES.sub("", other.stdout)
    assert TIMES.sub("", one.stderr) == TIMES.sub("", other.stderr)
    assert one.stdout or one.stderr
