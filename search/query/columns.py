"""Conditions on the user's columns: `label:cat`, `path:2024/*`, `width>1000`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import eq, ge, gt, le, lt
from typing import Any, TypeAlias

from splicedex.indexer.engines.base import FieldKind
from splicedex.indexer.engines.query import Filter, Match, Or, Range, Scalar
from splicedex.search.query.nodes import Field, QueryError

Values: TypeAlias = Callable[[str, int], Sequence[Scalar]]
"""Returns distinct values of a column: takes its name and the maximum number."""

MOST = 10_000
"""Maximum number of distinct values that a wildcard is compared with."""


def column_filter(
    query: str, field: Field, columns: Mapping[str, FieldKind], values: Values
) -> Filter:
    """Turn a condition on a column into a filter.

    Args:
        query: The query, for messages.
        field: The condition.
        columns: The columns of the index, with the kinds of their indexes.
        values: Returns distinct values of a column, for wildcards.

    Raises:
        QueryError: There is no such column, or it does not hold such values.
    """
    kind = columns.get(field.name)
    if kind is None:
        known = ", ".join(sorted(columns))
        raise QueryError(query, field.at, f"no column {field.name!r}", f"the columns are {known}")
    if kind == "keyword":
        if field.op == ":":
            return _text(query, field, values)
        raise QueryError(
            query, field.at, f"column {field.name!r} holds text", f"write {field.name}:VALUE"
        )
    number = _number(field.value)
    if number is None:
        raise QueryError(
            query, field.at, f"column {field.name!r} holds numbers", f"write {field.name}:3"
        )
    bounds = {":": ("gte", "lte"), "<": ("lt",), "<=": ("lte",), ">": ("gt",), ">=": ("gte",)}
    return Range(field.name, **dict.fromkeys(bounds[field.op], number))


def _text(query: str, field: Field, values: Values) -> Filter:
    if not _is_wild(field.value):
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


def holds(field: Field, payload: Mapping[str, Any]) -> bool:
    """Whether a payload satisfies a condition, by the same rules as the engine."""
    stored = payload.get(field.name)
    values = stored if isinstance(stored, list) else [stored]
    return any(_fits(field, value) for value in values if value is not None)


def _fits(field: Field, value: str | float) -> bool:
    if isinstance(value, str):
        return field.op == ":" and _pattern(field.value).fullmatch(value) is not None
    bound = _number(field.value)
    return bound is not None and _COMPARE[field.op](value, bound)


_COMPARE = {":": eq, "<": lt, "<=": le, ">": gt, ">=": ge}


def _is_wild(text: str) -> bool:
    return "*" in text or "?" in text


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    """A pattern where `*` matches any characters and `?` one character."""
    return re.compile(re.escape(text).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
