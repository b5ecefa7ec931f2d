"""Cells that hold several values: lists, as JSON in text too, and structs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from splicedex.indexer.payload.columns import HALF, text_of
from splicedex.indexer.payload.dates import Moment
from splicedex.indexer.sources.tables.cells import (
    Notation,
    Odd,
    Unkept,
    is_not_finite,
    read,
    told,
)

TYPED = Notation(dates=True)
"""The notation of sources whose numbers are numbers, such as JSON."""
DEEPEST = 32
"""Most lists and structs inside each other: an engine calls itself for each."""


def parsed_lists(cells: Sequence[Any], notation: Notation) -> tuple[Sequence[Any], Notation]:
    """Parse cells of text that are JSON lists, if all are."""
    if not notation.lists:
        return cells, notation
    filled = [cell for cell in cells if cell is not None]
    if not filled or not all(isinstance(cell, str) and cell.startswith("[") for cell in filled):
        return cells, notation
    try:
        lists = [None if cell is None else parse_json(cell) for cell in cells]
    except ValueError:
        return cells, notation
    return lists, TYPED


def parse_json(text: str) -> Any:
    """Parse JSON, with all digits of its numbers.

    Raises:
        ValueError: It is not valid.
    """
    try:
        return json.loads(text, parse_float=Decimal, parse_int=_whole)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _whole(digits: str) -> int | Decimal:
    return int(digits) if len(digits) <= 40 else Decimal(digits)


def keepable(
    cells: Sequence[Any], notation: Notation, numeric: bool
) -> tuple[list[Any], list[Odd]]:
    """The cells with None for what cannot be kept, and these.

    Args:
        cells: The cells.
        notation: What text can mean.
        numeric: Whether the texts `nan` and `inf` are numbers.
    """
    odd: list[Odd] = []
    is_text = _is_text(cells)

    def keep(row: int, cell: Any, depth: int = 0) -> Any:
        if isinstance(cell, list | dict) and depth == DEEPEST:
            cell = Unkept(told(type(cell)()), "is nested too deep")
        if isinstance(cell, list):
            return [keep(row, one, depth + 1) for one in cell]
        if isinstance(cell, dict):
            return {str(name): keep(row, one, depth + 1) for name, one in cell.items()}
        if isinstance(cell, bytes):
            if is_text:
                return cell.decode()
            cell = Unkept(f"{len(cell):,} bytes", "is not text")
        elif (numeric or not isinstance(cell, str)) and is_not_finite(cell, notation):
            cell = Unkept(text_of(cell).strip(), "is not finite")
        if isinstance(cell, Unkept):
            odd.append(Odd(row, cell.value, f"{cell.reason}: left out"))
            return None
        return cell

    if not numeric and all(cell is None or isinstance(cell, str) for cell in cells):
        return list(cells), odd  # as in most columns of CSV
    return [keep(row, cell) for row, cell in enumerate(cells)], odd


def _is_text(cells: Iterable[Any]) -> bool:
    """Whether all bytes are UTF-8: some programs write text in Parquet without saying so."""
    try:
        for one in _bytes_in(cells):
            one.decode()
    except UnicodeDecodeError:
        return False
    return True


def _bytes_in(cells: Iterable[Any]) -> Iterator[bytes]:
    for cell in cells:
        if isinstance(cell, bytes):
            yield cell
        elif isinstance(cell, list | dict):
            yield from _bytes_in(cell.values() if isinstance(cell, dict) else cell)


def is_nested(cell: Any) -> bool:
    """Whether a cell is a struct, or a list that holds lists or structs."""
    if isinstance(cell, list):
        return any(isinstance(one, list | dict) for one in cell)
    return isinstance(cell, dict)


def leaves_of(cell: Any) -> Iterator[Any]:
    """The values of a cell: those of a list, or the cell itself, without what is missing."""
    for leaf in cell if isinstance(cell, list) else [cell]:
        if leaf is not None:
            yield leaf


def in_place(cells: Sequence[Any], leaves: Iterable[Any]) -> list[Any]:
    """The cells with their leaves, in order, replaced by others."""
    following = iter(leaves)
    return [
        [None if one is None else next(following) for one in cell]
        if isinstance(cell, list)
        else None
        if cell is None
        else next(following)
        for cell in cells
    ]


def plain(cell: Any) -> Any:
    """A nested value as JSON can hold it in every engine."""
    if isinstance(cell, list):
        return [plain(one) for one in cell]
    if isinstance(cell, dict):
        return {read(name, "keyword", TYPED): plain(one) for name, one in cell.items()}
    if isinstance(cell, Decimal):
        try:
            return read(cell, "float", TYPED)
        except ValueError:
            return str(cell)
    if isinstance(cell, int) and not -HALF <= cell < HALF:
        return str(cell)
    return read(cell, "keyword", TYPED) if isinstance(cell, str | Moment) else cell
