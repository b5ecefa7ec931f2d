"""Reads CSV as people have it: separated by comma, semicolon, tab or `|`, from any spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from splicedex.indexer.sources.tables.cells import Notation
from splicedex.indexer.sources.tables.raw_table import RawTable, path_column
from splicedex.splice.errors import UserError

SEPARATORS = (",", ";", "\t", "|")
_SAID = re.compile(r"\ufeff?sep=(.)\r?\n")
"""A first line that tells Excel the separator."""
_LARGEST_CELL = 2**31 - 1  # Python's own limit is 131,072 characters


def read_csv_text(text: str, path: Path) -> RawTable:
    """Read a table with a header. An empty cell is no value, and an empty row no row.

    Args:
        text: The text.
        path: Its file, for messages.

    Raises:
        UserError: A quote is not closed, a row has another length than the header, or two columns
            have the same name.
    """
    said = _SAID.match(text)
    skipped = 1 if said else 0
    text = text[said.end() :] if said else text
    separator = said[1] if said else _separator(text)
    header: list[str] = []
    cells: list[list[str]] = []
    lines: list[int] = []
    for line, row in _rows(text, separator, path):
        if not any(row):
            continue
        if not header or _is_title(header, row, cells):
            header = [name.strip() for name in row]
            continue
        if len(row) > len(header) and not any(row[len(header) :]):
            row = row[: len(header)]
        if len(row) != len(header):
            raise UserError(
                f"{path}, line {line + skipped}: {len(row)} cells, {len(header)} columns",
                f"quote cells that hold {_name(separator)}",
            )
        cells.append(row)
        lines.append(line + skipped)
    # A line of a spreadsheet may end in separators.
    used = {i: name for i, name in enumerate(header) if name or any(row[i] for row in cells)}
    columns = {name: [row[i] or None for row in cells] for i, name in used.items()}
    twice = [name for name, count in Counter(used.values()).items() if count > 1]
    if twice:
        raise UserError(f"{path} has two columns of one name, {twice[0]!r}", "rename one")
    notation = Notation(numbers=True, dates=True, lists=True, comma=separator == ";")
    return RawTable(str(path), columns, notation, lines)


def _rows(text: str, separator: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows with the line on which each starts."""
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    line = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UserError(
                f"{path} is not a readable UTF-8 CSV ({error} in the row from line {line})",
                "correct that row, or save it again",
            ) from error
        yield line, row
        line = reader.line_num + 1


def _separator(text: str) -> str:
    """The separator by which a header names the images and has the most columns."""
    best, most = ",", (False, 0)
    for separator in SEPARATORS:
        try:
            head = [row for _, row in islice(_rows(text, separator, Path()), 2)]
        except UserError:
            continue
        names = any(path_column([name.strip() for name in row]) for row in head)
        found = (names, max(map(len, head), default=0))
        if found > most:
            best, most = separator, found
    return best


def _is_title(header: list[str], row: list[str], cells: list[list[str]]) -> bool:
    """Whether the first line is the title of the table, as Numbers writes it, not its header."""
    return (
        not cells
        and sum(map(bool, header)) == 1
        and path_column(header) is None
        and path_column([name.strip() for name in row]) is not None
    )


def _name(separator: str) -> str:
    return {",": "commas", ";": "semicolons", "\t": "tabs"}.get(separator, separator)
