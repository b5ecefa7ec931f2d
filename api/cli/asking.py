"""Questions to the person at the terminal."""

from __future__ import annotations

import sys
from contextlib import suppress

import typer

from splicedex.api.cli.progress import hidden


def can_ask() -> bool:
    """Whether there is a person who can answer: the command was started at a terminal."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> bool:
    """Ask a question on standard error; the answer is no unless it is yes.

    Args:
        question: The question, with its mark.
    """
    with hidden(), suppress(typer.Abort):  # Ctrl-C or Ctrl-D
        return typer.confirm(question, err=True)
    return False
