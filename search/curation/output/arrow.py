"""Columns of an index as Arrow arrays, with the types that their kinds have."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow
from pyarrow import parquet

from splicedex.indexer.payload.columns import ColumnKind
from splicedex.indexer.payload.dates import read_date

_TYPES: dict[ColumnKind, Any] = {
    "keyword": pyarrow.string(),
    "integer": pyarrow.int64(),
    "unsigned": pyarrow.uint64(),
    "float": pyarrow.float64(),
    "bool": pyarrow.bool_(),
}


def arrow_column(values: Sequence[Any], kind: ColumnKind | None) -> Any:
    """Make an Arrow array of the values of a column.

    A column that has no one type in Arrow, such as structs that differ, is written as JSON.

    Args:
        values: n values, or lists of values; None where there is none.
        kind: What the column holds; None if that is not known.
    """
    if kind == "date":
        return _dates(values)
    lists = any(isinstance(value, list) for value in values)
    try:
        if kind is None:
            found = pyarrow.array(values)
            _check_writable(found)
            return found
        plain = [[value] if lists and _is_scalar(value) else value for value in values]
        return pyarrow.array(plain, pyarrow.list_(_TYPES[kind]) if lists else _TYPES[kind])
    except (pyarrow.ArrowException, OverflowError, TypeError):
        return pyarrow.array(
            [None if value is None else json.dumps(value, ensure_ascii=False) for value in values],
            pyarrow.string(),
        )


def _check_writable(column: Any) -> None:
    """Check that Parquet can hold what Arrow can: not a struct without fields.

    Raises:
        pyarrow.ArrowException: It cannot.
    """
    if pyarrow.types.is_nested(column.type):
        parquet.write_table(pyarrow.table({"x": column[:1]}), pyarrow.BufferOutputStream())


def _is_scalar(value: Any) -> bool:
    return value is not None and not isinstance(value, list)


def _dates(values: Sequence[Any]) -> Any:
    """Dates as days or timestamps if one type of Arrow has them all, else as text."""
    texts = [value for value in values if value is not None]
    if any(isinstance(text, list) for text in texts):
        return pyarrow.array(
            [[v] if _is_scalar(v) else v for v in values], pyarrow.list_(pyarrow.string())
        )
    if all(len(text) == 10 for text in texts):
        return pyarrow.array([v and date.fromisoformat(v) for v in values], pyarrow.date32())
    zones = {_zone(text) for text in texts}
    if len(zones) != 1 or None in zones or any(_digits(text) > 9 for text in texts):
        return pyarrow.array(list(values), pyarrow.string())
    zone = zones.pop()
    unit = "us" if all(_digits(text) <= 6 for text in texts) else "ns"
    counts = [None if value is None else _count(value, unit) for value in values]
    kind = pyarrow.timestamp(unit, {"": None, "Z": "UTC"}.get(str(zone), zone))
    try:
        return pyarrow.array(counts, pyarrow.int64()).cast(kind)
    except (pyarrow.ArrowException, OverflowError):  # nanoseconds end in the year 2262
        return pyarrow.array(list(values), pyarrow.string())


def _zone(text: str) -> str | None:
    """The time zone of a date; None for a day without a time."""
    clock = text.partition("T")[2]
    if not clock:
        return None
    return "Z" if clock.endswith("Z") else clock[-6:] if clock[-6:-5] in {"+", "-"} else ""


def _digits(text: str) -> int:
    """The number of digits of a second's fraction."""
    fraction = text.partition(".")[2]
    return len(fraction) - len(fraction.lstrip("0123456789"))


def _count(text: str, unit: str) -> int:
    """A date as the number of units since 1970 in UTC."""
    moment = read_date(text)
    assert moment is not None
    if unit == "us":
        return moment.start
    fraction = f"{text.partition('.')[2][: _digits(text)]:0<9}"
    return 1000 * moment.start + int(fraction[6:])
