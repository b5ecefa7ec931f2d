"""Conditions on the user's columns: `label:cat`, `path:2024/*`, `width>1000`, `taken:2024-03`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any, TypeAlias

from splicedex.indexer.engines.query import Filter, Match, Or, Range, Scalar
from splicedex.indexer.payload.columns import (
    HALF,
    ColumnKind,
    digits_field,
    is_long,
    key_field,
    value_of,
)
from splicedex.indexer.payload.dates import Moment, read_date, read_span
from splicedex.search.query.nodes import Field, QueryError

Values: TypeAlias = Callable[[str, int], Sequence[Scalar]]
"""Returns distinct values of a column: takes its name and the maximum number."""

MOST = 10_000
"""Maximum number of distinct values that a wildcard is compared with."""
EQUAL = frozenset({":", "="})
"""Operators of equality. With `=` a text has no wildcards, and a date is one moment."""
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_FAR = Decimal(4 * HALF)
"""Farther from 0 than any integer of a column."""
_TRUTHS = {"true": True, "yes": True, "false": False, "no": False}
_HELD: dict[ColumnKind, tuple[str, str]] = {
    "integer": ("numbers", ":3"),
    "unsigned": ("numbers", ":3"),
    "float": ("numbers", ":3"),
    "bool": ("truth values", ":true"),
    "date": ("dates", ":2024-03 or >2024-03-05T10:11"),
}


def column_filter(
    query: str, field: Field, columns: Mapping[str, ColumnKind], values: Values
) -> Filter:
    """Turn a condition on a column into a filter.

    Args:
        query: The query, for messages.
        field: The condition.
        columns: The columns of the index, with what each of them holds.
        values: Returns distinct values of a column, for wildcards.

    Raises:
        QueryError: There is no such column, or it does not hold such values.
    """
    kind = columns.get(field.name)
    if kind is None:
        known = ", ".join(sorted(columns))
        raise QueryError(query, field.at, f"no column {field.name!r}", f"the columns are {known}")
    if kind == "keyword":
        if field.op in EQUAL:
            return _text(query, field, values)
        raise QueryError(
            query, field.at, f"column {field.name!r} holds text", f"write {field.name}:VALUE"
        )
    passing = _passing(field, kind)
    if passing is None:
        held, example = _HELD[kind]
        raise QueryError(
            query, field.at, f"column {field.name!r} holds {held}", f"write {field.name}{example}"
        )
    return passing


def _passing(field: Field, kind: ColumnKind) -> Filter | None:
    """The filter of a condition on what is not text; None if its value does not fit the kind."""
    key = key_field(field.name, kind)
    if kind == "bool":
        truth = _TRUTHS.get(field.value.strip().casefold())
        return Match(key, (truth,)) if truth is not None and field.op in EQUAL else None
    if kind == "date":
        span = read_span(field.value)
        return None if span is None else _within(key, field.op, span)
    number = _number(field.value)
    if number is None:
        return None
    if kind == "float":
        return _float(field, float(number))
    if abs(number) > _FAR:
        number = _FAR.copy_sign(number)
    whole = math.floor(number) if field.op in {">", "<="} else math.ceil(number)
    if field.op in EQUAL and whole != number:
        return Or(())
    return Range(key, **_bounds(field.op, whole - (HALF if kind == "unsigned" else 0)))


def _float(field: Field, bound: float) -> Filter | None:
    """Floats at, above or below a bound. One that is long is found by its digits, too."""
    if not math.isfinite(bound):
        return None
    passing = Range(field.name, **_bounds(field.op, bound))
    if field.op in {"<", ">"} or not is_long(bound):
        return passing
    return Or((passing, Match(digits_field(field.name), (repr(bound),))))


def _within(key: str, op: str, span: Moment) -> Range:
    """The dates in a span of time, before it, or after it."""
    match op:
        case "=":
            return Range(key, gte=span.start, lte=span.start)
        case ":":
            return Range(key, gte=span.start, lt=span.end)
        case "<":
            return Range(key, lt=span.start)
        case "<=":
            return Range(key, lt=span.end)
        case ">":
            return Range(key, gte=span.end)
        case _:
            return Range(key, gte=span.start)


def _bounds(op: str, bound: float) -> dict[str, float]:
    names = {"<": ("lt",), "<=": ("lte",), ">": ("gt",), ">=": ("gte",)}.get(op, ("gte", "lte"))
    return dict.fromkeys(names, bound)


def _text(query: str, field: Field, values: Values) -> Filter:
    if field.op == "=" or not _is_wild(field.value):
        return Match(field.name, (field.value,))
    if field.name == "path" and field.value.endswith("/*"):
        folder = field.value.removesuffix("/*")
        if folder and not _is_wild(folder):
            return Match("folders", (folder,))
    known = values(field.name, MOST + 1)
    if len(known) > MOST:
        raise QueryError(
            query,
            field.at,
            f"column {field.name!r} has over {MOST:,} values, too many for a wildcard",
            "name the value, or a folder as path:FOLDER/*",
        )
    wanted = _pattern(field.value)
    found = tuple(value for value in known if wanted.fullmatch(str(value)))
    return Match(field.name, found) if found else Or(())


def holds(field: Field, payload: Mapping[str, Any], kind: ColumnKind | None = None) -> bool:
    """Whether a payload satisfies a condition, by the same rules as the engine.

    Args:
        field: The condition.
        payload: The payload, with the fields of the column.
        kind: What the column holds; None for what the types of its values say.
    """
    held = value_of(payload, field.name)
    values = held if isinstance(held, list) else [held]
    return any(_fits(field, value, kind) for value in values if value is not None)


_COMPARE = {":": eq, "=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_KIND_OF_TYPE: dict[type, ColumnKind] = {bool: "bool", int: "integer", float: "float"}


def _fits(field: Field, value: Any, kind: ColumnKind | None) -> bool:
    kind = kind or _KIND_OF_TYPE.get(type(value), "keyword")
    if kind == "keyword":
        if field.op == "=":
            return bool(value == field.value)
        return field.op == ":" and _pattern(field.value).fullmatch(str(value)) is not None
    if kind == "float":
        bound = _number(field.value)
        return bound is not None and _COMPARE[field.op](value, float(bound))
    passing = _passing(field, kind)
    if kind == "date":
        moment = read_date(str(value))
        value = None if moment is None else moment.start
    elif kind == "unsigned":
        value -= HALF
    match passing:
        case Match(_, values):
            return any(type(one) is type(value) and one == value for one in values)
        case Range(_, gt, gte, lt, lte):
            return value is not None and (
                (gt is None or value > gt)
                and (gte is None or value >= gte)
                and (lt is None or value < lt)
                and (lte is None or value <= lte)
            )
        case _:
            return False


def _is_wild(text: str) -> bool:
    return "*" in text or "?" in text


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    """A pattern where `*` matches any characters and `?` one character."""
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _number(text: str) -> Decimal | None:
    """A number with all its digits."""
    return Decimal(text.strip()) if _NUMBER.fullmatch(text.strip()) else None
