"""What people see on a terminal: tables, bars and lines of text."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from splicedex.api.python.tables.table import Table as Found

Result = TypeVar("Result", bound="Found")

console = Console(emoji=False)  # a query such as label:cat: is text, not an emoji
errors = Console(stderr=True, emoji=False)


def print_json(value: Any) -> None:
    """Print one JSON value on standard output, for scripts."""
    console.out(json.dumps(value, ensure_ascii=False), highlight=False)


def print_result(found: Result, show: Callable[[Result], None], *, as_json: bool) -> None:
    """Print a result as JSON, or show it to people."""
    if as_json:
        print_json(found.to_dict())
    else:
        show(found)


def print_line(text: str, style: str | None = None) -> None:
    """Print a line of plain text, as it is."""
    console.print(text, style=style, highlight=False, markup=False, soft_wrap=True)


def print_title(text: str) -> None:
    """Print a line that says what follows."""
    print_line(text, "bold")


def print_summary(text: str) -> None:
    """Print a line that sums up what was shown."""
    print_line(text, "dim")


def print_notes(notes: Iterable[str]) -> None:
    """Print how words of a query were understood, on standard error."""
    for note in notes:
        errors.print(note, style="yellow", highlight=False)


def print_path(path: str) -> None:
    """Print the path of an image on a line of its own, however long it is."""
    console.print(short_path(path), highlight=False, markup=False, soft_wrap=True)


def print_files(files: Iterable[Path], end: str) -> None:
    """Print paths as the system has them, byte for byte.

    Args:
        files: Files of images.
        end: What follows each: a new line, or a NUL.
    """
    sys.stdout.flush()
    for file in files:
        sys.stdout.buffer.write(os.fsencode(short_path(str(file)) + end))
    sys.stdout.buffer.flush()


def table(*columns: str, right: Iterable[str] = ()) -> Table:
    """A table without lines.

    Args:
        columns: The headers.
        right: The headers of columns that hold numbers.
    """
    made = Table(box=None, pad_edge=False, header_style="dim")
    numbers = set(right)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def short_path(path: str) -> str:
    """A path as a person would type it here: relative, if it is below the current folder."""
    return path.removeprefix(f"{Path.cwd()}{os.sep}")


def bar(value: float, largest: float, width: int = 12) -> Text:
    """A horizontal bar of block characters.

    Args:
        value: The value to show.
        largest: The value that fills the whole width.
        width: The width in characters.
    """
    eighths = round(8 * width * max(value, 0) / largest) if largest > 0 else 0
    full, part = divmod(eighths, 8)
    return Text("█" * full + (" ▏▎▍▌▋▊▉"[part] if part else ""), style="cyan")


def with_synonyms(concept: str, names: Sequence[str]) -> str:
    """A concept with its other names in brackets.

    Args:
        concept: The name to show first.
        names: All names of the concept.
    """
    others = [name for name in names if name != concept]
    return f"{concept} ({', '.join(others)})" if others else concept
