"""Questions to the person at the terminal."""

from __future__ import annotations

import sys

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
    with hidden():
        return typer.confirm(question, err=True)
