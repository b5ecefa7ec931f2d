import os
import subprocess
import sys

import pytest

from tests.paths import ROOT

PRINTS = """
import sys
from splicedex.api.cli import main
from splicedex.api.cli.render import console, print_json
def run():
    if sys.argv[1] == "bad":
        from splicedex.splice.errors import UserError
        raise UserError("no", "do")
    for i in range(int(sys.argv[2])):
        {"json": print_json, "rich": console.print, "print": print}[sys.argv[1]]("x" * 80)
    console.print("\\udce9")
main.make_app = lambda asked: run
main.main()
"""


def started(*words, **more):
    words = [sys.executable, "-c", PRINTS, *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            env=environment, text=True, **more)  # fmt: skip


@pytest.mark.parametrize("lines", ["1", "20000"])
@pytest.mark.parametrize("way", ["json", "rich", "print"])
def test_a_reader_that_has_enough_is_no_error(way, lines):
    process = started(way, lines)
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) == 0


def test_what_is_read_to_the_end_is_whole_and_bytes_are_escaped():
    out, said = started("print", "3").communicate(timeout=60)
    assert out.splitlines() == [*["x" * 80] * 3, r"\udce9"]
    assert said == ""


def test_errors_keep_their_exit_code():
    process = started("bad")
    process.stdout.close()
    assert "error: no; do" in process.stderr.read()
    assert process.wait(60) == 2
