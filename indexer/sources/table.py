"""Reads a table that names images and has columns for them, from CSV or Parquet."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from splicedex.indexer.engines.base import FieldKind
from splicedex.indexer.sources.column_names import named
from splicedex.splice.errors import UserError

PATH_COLUMNS = ("file", "path", "image_path", "filename", "url", "key")
"""Columns that may name the image. The first that exists is used."""
_WHOLE = r"-?(?:0|[1-9]\d*)"  # 007 is text, not a number
LONGEST_KEYWORD = 128
"""Length in characters. A column in which most texts are longer is stored, but not indexed for
filtering."""


@dataclass(frozen=True)
class Table:
    """Names of images, and the user's columns for them.

    Args:
        source: Name of the file, for messages.
        paths: n distinct names.
        columns: n typed values for each column; None where a cell is empty.
    """

    source: str
    paths: Sequence[str]
    columns: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(self.paths)

    def row(self, number: int) -> dict[str, Any]:
        """The columns of one image that have a value.

        Args:
            number: Row of the image.
        """
        cells = ((name, values[number]) for name, values in self.columns.items())
        return {name: value for name, value in cells if value is not None}

    def kinds(self) -> dict[str, FieldKind]:
        """How each column is indexed. Columns of long text are left out."""
        found = ((name, _kind(values)) for name, values in self.columns.items())
        return {name: kind for name, kind in found if kind}


def read_csv(path: Path) -> Table:
    """Read a CSV with a header. Numbers and JSON lists are recognised column by column.

    Args:
        path: The CSV, in UTF-8.

    Raises:
        UserError: The file is unreadable or empty, its rows differ in length, or no column names
            the image.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.reader(file, strict=True)
            header = next(rows, [])
            cells = []
            for row in rows:
                if row and len(row) != len(header):
                    raise UserError(
                        f"{path}, line {rows.line_num}: {len(row)} cells, {len(header)} columns",
                        "quote cells that hold commas",
                    )
                if row:
                    cells.append(row)
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist", "check the path") from error
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} is not a readable UTF-8 CSV ({error})", "save it again") from error
    columns: dict[str, Sequence[Any]] = {
        name: [row[i] for row in cells] for i, name in enumerate(header)
    }
    key = path_column(columns)
    columns = {name: c if name == key else _typed(c) for name, c in columns.items()}
    if len(columns) != len(header):
        raise UserError(f"{path} has two columns of one name", "rename one")
    return make_table(columns, str(path))


def read_parquet(paths: Sequence[Path]) -> Table:
    """Read Parquet files with the same columns as one table.

    Args:
        paths: The files, in order.

    Raises:
        UserError: pyarrow is missing, a file is unreadable, or no column names the image.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UserError(
            "reading Parquet needs pyarrow", "run `pip install 'splicedex[parquet]'`"
        ) from error
    try:
        table = pyarrow.concat_tables([parquet.read_table(path) for path in paths])
    except (OSError, pyarrow.ArrowException) as error:
        raise UserError(
            f"{paths[0].parent}: unreadable Parquet ({error})", "write it again"
        ) from error
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    return make_table(columns, str(paths[0].parent))


def make_table(columns: Mapping[str, Sequence[Any]], source: str) -> Table:
    """Make a table from columns, one of which names the images.

    Args:
        columns: n values for each column.
        source: Name of the file, for messages.

    Raises:
        UserError: No column names the images, a name is empty or repeated, or two columns get the
            same name.
    """
    key = path_column(columns)
    if key is None:
        raise UserError(
            f"{source}: no column names the image among {', '.join(columns) or 'no columns'}",
            f"call it {PATH_COLUMNS[0]!r}",
        )
    paths = ["" if value is None else str(value) for value in columns[key]]
    if not paths:
        raise UserError(f"{source} has no rows", "list at least one image")
    seen: dict[str, int] = {}
    for number, path in enumerate(paths):
        if not path:
            raise UserError(f"{source}: row {number} names no image", "fill it in or drop the row")
        if seen.setdefault(path, number) != number:
            raise UserError(
                f"{source}: {path!r} is in rows {seen[path]} and {number}", "list each image once"
            )
    names = named((name for name in columns if name != key), source)
    return Table(source, paths, {name: columns[column] for column, name in names.items()})


def path_column(columns: Collection[str]) -> str | None:
    """The column that names the images; None if no column does.

    Args:
        columns: Names of the columns.
    """
    return next((name for name in PATH_COLUMNS if name in columns), None)


def _typed(cells: Sequence[str]) -> Sequence[Any]:
    """Convert a column of text to integers, numbers or JSON lists, where all its cells are such."""
    filled = [cell for cell in cells if cell]
    for convert in (_integer, _number, _json_list):
        try:
            values = iter([convert(cell) for cell in filled])
        except ValueError:
            continue
        return [next(values) if cell else None for cell in cells]
    return [cell or None for cell in cells]


def _integer(cell: str) -> int:
    if not re.fullmatch(_WHOLE, cell, re.ASCII) or len(cell) > 18:
        raise ValueError(cell)
    return int(cell)


def _number(cell: str) -> float:
    if not re.fullmatch(rf"{_WHOLE}(\.\d+)?([eE][+-]?\d{{1,2}})?", cell, re.ASCII):
        raise ValueError(cell)
    return float(cell)


def _json_list(cell: str) -> list[Any]:
    value = json.loads(cell) if cell.startswith("[") else None
    if not isinstance(value, list):
        raise ValueError(cell)
    return value


def _kind(values: Sequence[Any]) -> FieldKind | None:
    cells = (value if isinstance(value, list) else [value] for value in values)
    leaves = [leaf for cell in cells for leaf in cell if leaf is not None]
    if not leaves:
        return None
    if all(isinstance(leaf, int) for leaf in leaves):
        return "integer"
    if all(isinstance(leaf, int | float) for leaf in leaves):
        return "float"
    if not all(isinstance(leaf, str) for leaf in leaves):
        return None
    short = sum(len(leaf) <= LONGEST_KEYWORD for leaf in leaves)
    return "keyword" if 2 * short > len(leaves) else None
