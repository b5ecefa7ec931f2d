"""Reads a table that names images and has columns for them, from CSV, JSON Lines or Parquet."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from splicedex.indexer.payload.columns import KINDS, ColumnKind, name_of, stored
from splicedex.indexer.sources.tables.column_names import RESERVED, named
from splicedex.indexer.sources.tables.csv_table import read_csv_text
from splicedex.indexer.sources.tables.json_table import read_json_text
from splicedex.indexer.sources.tables.parquet_table import read_parquet_files
from splicedex.indexer.sources.tables.raw_table import PATH_COLUMNS, RawTable, path_column, place
from splicedex.indexer.sources.tables.text_files import read_bytes, read_text
from splicedex.indexer.sources.tables.typed_column import Column, MisfitError, typed_column
from splicedex.splice.errors import UserError

JSON_SUFFIXES = frozenset({".json", ".jsonl", ".ndjson"})
EXPORTED = frozenset({"id", "path", "file", "cosine", "concepts"})
"""Columns by which a table is known that `export` wrote. Its images are named by `path`."""


@dataclass(frozen=True)
class Kinds:
    """What columns have to be.

    Args:
        asked: The kinds that the user chose, by name of the column.
        known: The kinds that columns have in the index already.
    """

    asked: Mapping[str, ColumnKind] = field(default_factory=dict)
    known: Mapping[str, ColumnKind] = field(default_factory=dict)


@dataclass(frozen=True)
class Table:
    """Names of images, and the user's columns for them.

    Args:
        source: Name of the file, for messages.
        paths: n distinct names.
        columns: The columns, with n values each.
        lines: The line of each row in the file; None if it has no lines.
    """

    source: str
    paths: Sequence[str]
    columns: Mapping[str, Column]
    lines: Sequence[int] | None = None

    def __len__(self) -> int:
        return len(self.paths)

    def row(self, number: int) -> dict[str, Any]:
        """The payload fields of the columns of one image that have a value.

        Args:
            number: Row of the image.
        """
        found: dict[str, Any] = {}
        for name, column in self.columns.items():
            if (value := column.values[number]) is not None:
                found |= stored(name, column.kind, value)
        return found

    def kinds(self) -> dict[str, ColumnKind]:
        """What each column holds. Columns that cannot be asked for are left out."""
        return {name: column.kind for name, column in self.columns.items() if column.kind}

    def findings(self) -> list[ColumnFinding]:
        """What each column was taken for, and which of its cells are something else."""
        return [ColumnFinding.of(name, one, self.lines) for name, one in self.columns.items()]


@dataclass(frozen=True, slots=True)
class ColumnFinding:
    """What a column was taken for.

    Args:
        column: Its name.
        kind: text, integer, float, date or bool; "kept" for one that cannot be asked for; "empty"
            or "left out" for one without a value.
        note: What users should know of it; empty if nothing.
        cells: The first cells that are something else: where, what, and why.
        count: Number of all such cells.
    """

    column: str
    kind: str
    note: str
    cells: tuple[str, ...]
    count: int

    @classmethod
    def of(cls, name: str, column: Column, lines: Sequence[int] | None) -> ColumnFinding:
        """What is found of a column.

        Args:
            name: Its name.
            column: The column.
            lines: The line of each row.
        """
        cells = tuple(f"{place(one.row, lines)}: {one.value} {one.reason}" for one in column.odd)
        kind = name_of(column.kind)
        if all(value is None for value in column.values):
            kind = "left out" if column.odd else "empty"
        return cls(name, kind, column.note, cells, column.odd_count)


def read_table(path: Path, kinds: Kinds | None = None) -> Table:
    """Read a table with a header. What it is, is told by its first bytes and its suffix.

    Args:
        path: CSV, JSON Lines or Parquet.
        kinds: What its columns have to be.

    Raises:
        UserError: The file is unreadable or empty, no column names the image, or a column is not
            what it has to be.
    """
    if read_bytes(path, 4) == b"PAR1":
        return make_table(read_parquet_files([path], str(path)), kinds)
    text = read_text(path)
    is_json = path.suffix.lower() in JSON_SUFFIXES or text.lstrip().startswith("{")
    return make_table((read_json_text if is_json else read_csv_text)(text, path), kinds)


def table_of(files: Path | RawTable, kinds: Kinds | None = None) -> Table:
    """A table from a file, or from what is in memory already; see `read_table`."""
    return read_table(files, kinds) if isinstance(files, Path) else make_table(files, kinds)


def read_shards(paths: Sequence[Path], kinds: Kinds | None = None) -> Table:
    """Read Parquet files as one table.

    Args:
        paths: The files, in order, in one folder.
        kinds: What the columns have to be.

    Raises:
        UserError: As for `read_table`; or pyarrow is missing.
    """
    return make_table(read_parquet_files(paths, str(paths[0].parent)), kinds)


def make_table(raw: RawTable, kinds: Kinds | None = None) -> Table:
    """Make a table from what a file holds.

    Args:
        raw: What the file holds.
        kinds: What its columns have to be.

    Raises:
        UserError: No column names the images, a name is empty or repeated, two columns get the
            same name, or a column is not what it has to be.
    """
    source, columns, kinds = raw.source, dict(raw.columns), kinds or Kinds()
    exported = columns.keys() >= EXPORTED
    key = "path" if exported else path_column(columns)
    if key is None:
        raise UserError(
            f"{source}: no column names the image among {', '.join(columns) or 'no columns'}",
            f"call it {PATH_COLUMNS[0]!r}",
        )
    paths = _paths(raw, key)
    del columns[key]
    if exported:
        own = [name for name in columns if name in RESERVED | {"id", "file"}]
        columns = {name: cells for name, cells in columns.items() if name not in own}
        warnings.warn(f"{source}: an export; {', '.join(own)} are left out", stacklevel=2)
    names = named(columns, source)
    asked = _asked(kinds.asked, names, source)
    typed = {
        name: _column(raw, column, asked.get(name), kinds.known.get(name))
        for column, name in names.items()
    }
    return Table(source, paths, typed, raw.lines)


def _paths(raw: RawTable, key: str) -> list[str]:
    """The names of the images."""
    paths = ["" if value is None else str(value) for value in raw.columns[key]]
    if not paths:
        raise UserError(f"{raw.source} has no rows", "list at least one image")
    seen: dict[str, int] = {}
    for number, path in enumerate(paths):
        here = place(number, raw.lines)
        if not path:
            raise UserError(f"{raw.source}: {here} names no image", "fill it in or drop the row")
        if not _is_unicode(path):
            raise UserError(f"{raw.source}: {here} names no file ({path!r})", "write it in UTF-8")
        if seen.setdefault(path, number) != number:
            raise UserError(
                f"{raw.source}: {path!r} is in {place(seen[path], raw.lines)} and {here}",
                "list each image once",
            )
    return paths


def _is_unicode(text: str) -> bool:
    """Whether a text has no halves of characters, which JSON can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _asked(
    asked: Mapping[str, ColumnKind], names: Mapping[str, str], source: str
) -> dict[str, ColumnKind]:
    """The kinds that the user chose, by the names of columns here."""
    for column in asked:
        if column not in names and column not in names.values():
            raise UserError(
                f"{source} has no column {column!r}", f"the columns are {', '.join(names)}"
            )
    return {names.get(column, column): kind for column, kind in asked.items()}


def _column(raw: RawTable, name: str, asked: ColumnKind | None, known: ColumnKind | None) -> Column:
    try:
        return typed_column(raw.columns[name], raw.notation, asked, known)
    except MisfitError as misfit:
        where = f", {place(misfit.row, raw.lines)}" if misfit.row is not None else ""
        raise UserError(
            f"{raw.source}, column {name!r}{where}: {misfit}",
            f"correct it, or choose what the column is: --column {name}:{'|'.join(KINDS)}",
        ) from misfit
