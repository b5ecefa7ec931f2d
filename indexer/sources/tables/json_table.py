"""Reads JSON Lines, or a JSON list of objects, as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from splicedex.indexer.sources.tables.cells import Notation
from splicedex.indexer.sources.tables.nested import parse_json
from splicedex.indexer.sources.tables.raw_table import RawTable
from splicedex.splice.errors import UserError


def read_json_text(text: str, path: Path) -> RawTable:
    """Read one object a line. A column is in any of them; where it is missing it has no value.

    Args:
        text: The text.
        path: Its file, for messages.

    Raises:
        UserError: A line is not a JSON object.
    """
    if text.lstrip().startswith("["):
        rows, lines = _list(text, path), None
    else:
        rows, lines = _lines(text, path)
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [row.get(name) for row in rows] for name in names}
    return RawTable(str(path), columns, Notation(dates=True), lines)


def _lines(text: str, path: Path) -> tuple[list[dict[str, Any]], list[int]]:
    rows, lines = [], []
    for number, line in enumerate(text.split("\n"), start=1):  # other line ends may be in text
        if not line.strip():
            continue
        try:
            row = parse_json(line)
        except ValueError as error:
            raise UserError(
                f"{path}, line {number}: not JSON ({error})", "write one JSON object on each line"
            ) from error
        if not isinstance(row, dict):
            raise UserError(
                f"{path}, line {number}: not a JSON object", 'write {"file": "a.jpg", ...}'
            )
        rows.append(row)
        lines.append(number)
    return rows, lines


def _list(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        rows = parse_json(text)
    except ValueError as error:
        raise UserError(f"{path} is not JSON ({error})", "write it again") from error
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise UserError(
                f"{path}, row {number}: not a JSON object", 'write [{"file": "a.jpg", ...}, ...]'
            )
    return list(rows)
