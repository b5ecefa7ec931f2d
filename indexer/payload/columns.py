"""How the columns of users lie in the payload of a point.

A value lies under the name of its column, as it was given. An engine can neither compare dates, nor
hold an integer from 2^63 on, and it may change the last bit of a float that it reads from JSON. So
there are further fields, which users never see. Their names start with `-`, as no name of a column
does:

    -key-NAME       dates: microseconds since 1970 in UTC
    -spans-NAME     dates: the year and the month in UTC, as 2024 and 202403, to count them
    -unsigned-NAME  integers up to 2^64 - 1: the value less 2^63, instead of the value itself
    -digits-NAME    floats: all digits as text, where they are more than JSON surely keeps

`-moved-from` belongs to no column: while a photo moves, its new point names the old one there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from splicedex.indexer.engines.base import FieldKind
from splicedex.indexer.payload.dates import read_date, year_and_month

ColumnKind: TypeAlias = Literal["keyword", "integer", "unsigned", "float", "bool", "date"]
"""What a column holds. `integer`: signed, 64 bits. `unsigned`: 0 to 2^64 - 1."""
KINDS: dict[str, ColumnKind] = {
    "text": "keyword",
    "integer": "integer",
    "float": "float",
    "date": "date",
    "bool": "bool",
}
"""The kinds that a user can ask for, by the names that users read."""
HALF = 2**63
"""What an unsigned integer is stored less."""
_KEY, _SPANS, _UNSIGNED, _DIGITS = "-key-", "-spans-", "-unsigned-", "-digits-"
MOVED_FROM = "-moved-from"
_KEPT, _POWER = 15, 22
"""Digits of a float, and powers of ten, that every reader of JSON computes exactly."""


def name_of(kind: ColumnKind | None) -> str:
    """What users read for a kind; None is a column that is kept but cannot be asked for."""
    if kind is None:
        return "kept"
    return {"keyword": "text", "unsigned": "integer"}.get(kind, kind)


def key_field(name: str, kind: ColumnKind) -> str:
    """The payload field by which the values of a column are compared."""
    return {"date": f"{_KEY}{name}", "unsigned": f"{_UNSIGNED}{name}"}.get(kind, name)


def spans_field(name: str) -> str:
    """The payload field with the years and months of a column of dates."""
    return f"{_SPANS}{name}"


def digits_field(name: str) -> str:
    """The payload field with the floats of a column as text, where they are long."""
    return f"{_DIGITS}{name}"


def is_long(value: float) -> bool:
    """Whether a float has more digits than every reader of JSON keeps."""
    _, digits, exponent = Decimal(repr(value)).as_tuple()
    return len(digits) > _KEPT or not -_POWER <= int(exponent) <= _POWER


def indexes(columns: Mapping[str, ColumnKind]) -> dict[str, FieldKind]:
    """The payload indexes of columns.

    Args:
        columns: The kind of each column.

    Returns:
        The kind of index of each payload field.
    """
    found: dict[str, FieldKind] = {}
    for name, kind in columns.items():
        if kind == "date":
            found[key_field(name, kind)] = "integer"
            found[spans_field(name)] = "lookup"
        elif kind == "unsigned":
            found[key_field(name, kind)] = "integer"
        else:
            found[name] = kind
        if kind == "float":
            found[digits_field(name)] = "keyword"
    return found


def stored(name: str, kind: ColumnKind | None, value: Any) -> dict[str, Any]:
    """The payload fields of a value.

    Args:
        name: The column.
        kind: Its kind; None for a column that is only kept.
        value: A value of that kind, or a list of them. A date is given as text.
    """
    if kind == "unsigned":
        return {key_field(name, kind): _each(lambda one: one - HALF, value)}
    if kind == "date":
        texts = value if isinstance(value, list) else [value]
        moments = [moment for text in texts if text and (moment := read_date(text))]
        keys = [moment.start for moment in moments]
        spans = sorted({span for moment in moments for span in year_and_month(moment)})
        return {name: value, key_field(name, kind): keys, spans_field(name): spans}
    if kind == "float":
        values = value if isinstance(value, list) else [value]
        if any(one is not None and is_long(one) for one in values):
            return {name: value, digits_field(name): _each(repr, value)}
    return {name: value}


def removed(name: str) -> dict[str, None]:
    """All payload fields that a column may have, to be removed."""
    return dict.fromkeys((*fields_of(name), f"{_KEY}{name}", f"{_SPANS}{name}"))


def fields_of(*names: str) -> tuple[str, ...]:
    """The payload fields to read for columns of any kind."""
    return tuple(
        field for name in names for field in (name, f"{_UNSIGNED}{name}", f"{_DIGITS}{name}")
    )


def value_of(payload: Mapping[str, Any], name: str) -> Any:
    """The value of a column in a payload; None if there is none."""
    if (less := payload.get(f"{_UNSIGNED}{name}")) is not None:
        return _each(lambda one: one + HALF, less)
    if (digits := payload.get(f"{_DIGITS}{name}")) is not None:
        return _each(float, digits)
    return payload.get(name)


def columns_in(payload: Mapping[str, Any], without: Iterable[str] = ()) -> dict[str, Any]:
    """The values of all columns in a payload.

    Args:
        payload: The payload.
        without: Fields that are no columns of the user.
    """
    own = frozenset(without) | {MOVED_FROM}
    names = (
        field.removeprefix(_UNSIGNED)
        for field in payload
        if field not in own and not field.startswith((_KEY, _SPANS, _DIGITS))
    )
    return {name: value_of(payload, name) for name in names}


def text_of(value: Any) -> str:
    """A value as text: what a user types to ask for it. Nothing for None."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _each(change: Callable[[Any], Any], value: Any) -> Any:
    """Apply a change to a value, or to each one in a list; None stays."""
    if isinstance(value, list):
        return [one if one is None else change(one) for one in value]
    return None if value is None else change(value)
