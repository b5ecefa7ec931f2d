"""A column of a table: what its cells are, and which of them are something else.

A column has the most special kind that all its cells can be read as without losing a digit: truth
values, integers, floats, dates, else text. What no index can hold is left out. Both are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from splicedex.indexer.payload.columns import HALF, ColumnKind, name_of
from splicedex.indexer.sources.tables.cells import Notation, Odd, is_not_finite, read, told
from splicedex.indexer.sources.tables.nested import (
    TYPED,
    in_place,
    is_nested,
    keepable,
    leaves_of,
    parsed_lists,
    plain,
)

LONGEST_KEYWORD = 128
"""Length in characters. A column in which most texts are longer is kept, but not indexed for
filtering."""
SHOWN = 3
"""Cells that are named where several are something else."""
_SPECIAL: tuple[ColumnKind, ...] = ("bool", "integer", "float", "date")
_MANY = {"bool": "truth values", "integer": "integers", "float": "numbers", "date": "dates"}
_SAMPLE = 1000
_LOOSE = Notation(numbers=True, dates=True, loose=True)


@dataclass(frozen=True)
class Column:
    """A column with values of one kind.

    Args:
        kind: What it holds; None for what is kept but cannot be asked for.
        values: A value for each row, a list of values, or None where there is none.
        note: What users should know of it; empty if nothing.
        odd: The first cells that are something else.
        odd_count: Number of all such cells.
    """

    kind: ColumnKind | None
    values: Sequence[Any]
    note: str = ""
    odd: tuple[Odd, ...] = ()
    odd_count: int = 0


class MisfitError(ValueError):
    """A cell that is not what its column has to be.

    Args:
        row: Its row, from 0; None for the column as a whole.
        cause: What is wrong.
    """

    def __init__(self, row: int | None, cause: str) -> None:
        super().__init__(cause)
        self.row = row


def typed_column(
    cells: Sequence[Any],
    notation: Notation = TYPED,
    asked: ColumnKind | None = None,
    known: ColumnKind | None = None,
) -> Column:
    """Choose the kind of a column and read its cells.

    Args:
        cells: n cells: None, bool, int, float, `Decimal`, str, bytes, `Moment`, `Unkept`, or lists
            and dicts of those.
        notation: What text can mean.
        asked: The kind that the user chose. Cells that are not of it are left out.
        known: The kind of the column in the index already. All cells have to be of it.

    Raises:
        MisfitError: No cell is what was asked for, or a cell is not what the index holds.
    """
    cells, notation = parsed_lists(cells, notation)
    is_numeric = (asked or known) != "keyword" and _is_numeric(cells, notation)
    cells, odd = keepable(cells, notation, is_numeric)
    if any(is_nested(cell) for cell in cells):
        if asked or known:
            raise MisfitError(None, "holds structs, or lists of lists")
        return _told(Column(None, [plain(cell) for cell in cells], "structs"), odd)
    leaves = [(row, leaf) for row, cell in enumerate(cells) for leaf in leaves_of(cell)]
    if not leaves:
        return _told(Column(None, cells), odd)
    if asked:
        return _as_asked(cells, leaves, asked, replace(notation, loose=True), odd)
    kind, read_leaves = _kind([leaf for _, leaf in leaves], notation)
    if known and known != kind:
        return _as_known(cells, leaves, known, kind, notation, odd)
    values = in_place(cells, read_leaves)
    if kind != "keyword":
        return _told(Column(kind, values), odd)
    found = _told(Column(kind, values), odd)
    if not known and not _is_short(read_leaves):
        return replace(found, kind=None, note="long text")
    return found if odd else _nearly(found, leaves, notation)


def as_kind(value: Any, kind: ColumnKind) -> Any:
    """Convert a value of an index to another kind.

    Args:
        value: The value, or a list.
        kind: The other kind.

    Returns:
        The value as that kind; None where it is not one.
    """
    if isinstance(value, list):
        return [None if one is None else as_kind(one, kind) for one in value]
    if isinstance(value, dict):
        return None
    try:
        converted = read(value, kind, _LOOSE)
    except ValueError:
        return None
    is_whole = kind in {"integer", "unsigned"}
    return converted if not is_whole or _fits(converted, kind) else None


def _as_asked(
    cells: Sequence[Any],
    leaves: Sequence[tuple[int, Any]],
    asked: ColumnKind,
    notation: Notation,
    odd: list[Odd],
) -> Column:
    """The column as the kind that the user chose; other cells are left out."""
    read_as = {row: [] for row, _ in leaves}  # type: dict[int, list[Any]]
    wrong: list[Odd] = []
    for row, leaf in leaves:
        try:
            read_as[row].append(read(leaf, asked, notation))
        except ValueError as error:
            read_as[row].append(None)
            wrong.append(Odd(row, told(leaf), str(error)))
    found = [value for values in read_as.values() for value in values if value is not None]
    if not found:
        first = wrong[0]
        raise MisfitError(first.row, f"{first.value} {first.reason}, nor is any other cell")
    kind: ColumnKind = asked
    if asked == "integer" and max(found) >= HALF:
        if min(found) < 0:
            raise MisfitError(None, "has negative integers and some from 2^63 on; take it for text")
        kind = "unsigned"
    values = []
    for row, cell in enumerate(cells):
        those = iter(read_as.get(row, ()))
        values.append(
            [None if one is None else next(those) for one in cell]
            if isinstance(cell, list)
            else next(those, None)
        )
    return _told(Column(kind, values), sorted(odd + wrong, key=lambda one: one.row))


def _as_known(
    cells: Sequence[Any],
    leaves: Sequence[tuple[int, Any]],
    known: ColumnKind,
    kind: ColumnKind,
    notation: Notation,
    odd: list[Odd],
) -> Column:
    """The column as the kind that it has in the index."""
    for row, leaf in leaves:
        try:
            value = read(leaf, known, notation)
        except ValueError as error:
            raise MisfitError(row, f"{told(leaf)} {error}, as the index holds there") from error
        if known in {"integer", "unsigned"} and not _fits(value, known):
            raise MisfitError(row, f"{value} is not between {_least(known)} and {_most(known)}")
    note = f"as in the index; it could be {name_of(kind)}" if known == "keyword" else ""
    return _told(Column(known, [_read(cell, known, notation) for cell in cells], note), odd)


def _fits(value: int, kind: ColumnKind) -> bool:
    return _least(kind) <= value <= _most(kind)


def _least(kind: ColumnKind) -> int:
    return 0 if kind == "unsigned" else -HALF


def _most(kind: ColumnKind) -> int:
    return 2 * HALF - 1 if kind == "unsigned" else HALF - 1


def _kind(leaves: Sequence[Any], notation: Notation) -> tuple[ColumnKind, list[Any]]:
    """The most special kind of all leaves, and the leaves read as it."""
    for kind in _SPECIAL:
        try:
            values = [read(leaf, kind, notation) for leaf in leaves]
        except ValueError:
            continue
        if kind != "integer" or max(values) < HALF:
            return kind, values
        if min(values) >= 0:
            return "unsigned", values
        break  # no type of 64 bits holds all; as floats they would look different
    return "keyword", [read(leaf, "keyword", notation) for leaf in leaves]


def _nearly(column: Column, leaves: Sequence[tuple[int, Any]], notation: Notation) -> Column:
    """Say of a text column if most of its cells are something more special."""
    sample = leaves[:_SAMPLE]
    kind = min(_SPECIAL, key=lambda kind: len(_disagreeing(sample, kind, notation)))
    if 2 * len(_disagreeing(sample, kind, notation)) > len(sample):
        return column
    others = _disagreeing(leaves, kind, notation)
    if not others:
        return replace(column, note="negative integers and some from 2^63 on")
    note = f"{len(leaves) - len(others):,} of {len(leaves):,} are {_MANY[kind]}"
    return _told(replace(column, note=note), others)


def _disagreeing(
    leaves: Sequence[tuple[int, Any]], kind: ColumnKind, notation: Notation
) -> list[Odd]:
    others = []
    for row, leaf in leaves:
        try:
            read(leaf, kind, notation)
        except ValueError as error:
            others.append(Odd(row, told(leaf), str(error)))
    return others


def _told(column: Column, odd: Sequence[Odd]) -> Column:
    """The column with its odd cells."""
    return replace(column, odd=tuple(odd[:SHOWN]), odd_count=len(odd)) if odd else column


def _is_numeric(cells: Sequence[Any], notation: Notation) -> bool:
    """Whether `nan` and `inf` are numbers here; in a column of text they are words."""
    if not notation.numbers:
        return True
    filled = [cell for cell in cells if cell is not None]
    others = [cell for cell in filled if not is_not_finite(cell, notation)]
    if not others or len(others) == len(filled):
        return False
    return _kind(others, notation)[0] in {"integer", "unsigned", "float"}


def _read(cell: Any, kind: ColumnKind, notation: Notation) -> Any:
    if isinstance(cell, list):
        return [_read(one, kind, notation) for one in cell]
    return None if cell is None else read(cell, kind, notation)


def _is_short(texts: Sequence[str]) -> bool:
    short = sum(len(text) <= LONGEST_KEYWORD for text in texts)
    return 2 * short > len(texts)
