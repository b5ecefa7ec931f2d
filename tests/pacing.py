"""The command `index`, stopped after every batch, so that tests choose the moment of a fault."""

from __future__ import annotations

import subprocess

PACED = """
import contextlib, sys
import splicedex.api.cli.progress

@contextlib.contextmanager
def indexing(self, total):
    def counted(report):
        print(report.done, flush=True)
        sys.stdin.readline()
    yield counted

splicedex.api.cli.progress.Bars.indexing = indexing
from splicedex.api.cli.main import main
main()
"""
"""A script that takes the words of the command line."""


class Paced:
    """A process of `PACED`, started with pipes for standard input and output, as text."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.counted = 0

    def until(self, counted: int) -> None:
        """Let it run until it has counted so many images; it waits then."""
        while self.counted < counted:
            self.go_on()
            line = self.process.stdout.readline()
            assert line, self.process.communicate()
            self.counted = int(line)

    def go_on(self) -> None:
        if self.counted:
            self.process.stdin.write("\n")
            self.process.stdin.flush()

    def end(self) -> str:
        """Let it run to its end; returns its standard error."""
        self.process.stdin.close()
        self.process.stdin = None
        return self.process.communicate(timeout=600)[1]
