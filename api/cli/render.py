"""What people see: tables on a terminal."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console(emoji=False)  # label:cat: is no picture of one
errors = Console(stderr=True, emoji=False)


def print_json(value: Any) -> None:
    """One JSON value on standard output, for scripts."""
    console.out(json.dumps(value, ensure_ascii=False), highlight=False)


def print_notes(notes: Iterable[str]) -> None:
    """What words were taken to mean, on standard error."""
    for note in notes:
        errors.print(note, style="yellow", highlight=False)


def table(*columns: str, right: Iterable[str] = ()) -> Table:
    """An airy table; columns named in `right` hold numbers."""
    made = Table(box=None, pad_edge=False, header_style="dim")
    numbers = set(right)
    for column in columns:
        made.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    return made


def short_path(path: str) -> str:
    """A path as one would type it here: relative, if the file lies below this folder."""
    return path.removeprefix(f"{Path.cwd()}{os.sep}")


def bar(value: float, largest: float, width: int = 12) -> Text:
    """A horizontal bar in eighths of a character."""
    eighths = round(8 * width * max(value, 0) / largest) if largest > 0 else 0
    full, part = divmod(eighths, 8)
    return Text("█" * full + (" ▏▎▍▌▋▊▉"[part] if part else ""), style="cyan")
