"""A table as its file holds it: names and cells, before anything is taken for a kind."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from splicedex.indexer.sources.tables.cells import Notation

PATH_COLUMNS = ("file", "path", "image_path", "filename", "url", "key")
"""Columns that may name the image, in any case, with or without spaces. The first that exists is
used."""
_BETWEEN = re.compile(r"[\s_-]+")


@dataclass(frozen=True)
class RawTable:
    """The columns of a file.

    Args:
        source: Name of the file, for messages.
        columns: n cells for each column, by the name in the file.
        notation: What text in the cells can mean.
        lines: The line of each row in the file, from 1; None if it has no lines.
    """

    source: str
    columns: Mapping[str, Sequence[Any]]
    notation: Notation
    lines: Sequence[int] | None = None


def path_column(columns: Collection[str]) -> str | None:
    """The column that names the images; None if no column does.

    Args:
        columns: Names of the columns.
    """
    exact = next((name for name in PATH_COLUMNS if name in columns), None)
    if exact is not None:
        return exact
    by_plain = {_plain(name): name for name in reversed(list(columns))}
    return next((by_plain[_plain(n)] for n in PATH_COLUMNS if _plain(n) in by_plain), None)


def _plain(name: str) -> str:
    return _BETWEEN.sub("", name.casefold())


def place(row: int, lines: Sequence[int] | None) -> str:
    """A row as messages name it.

    Args:
        row: The row, from 0.
        lines: The line of each row.
    """
    return f"row {row}" if lines is None else f"row {row} (line {lines[row]})"
