"""Conditions on the user's columns: `label:cat`, `path:2024/*`, `width>1000`."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from indexer.engine import FieldKind
from indexer.query import Filter, Match, Or, Range, Scalar
from search.language import Field, QueryError

Values: TypeAlias = Callable[[str, int], Sequence[Scalar]]
"""Distinct values of an indexed column, at most so many."""

MOST = 10_000
"""Distinct values that a wildcard is tried on."""


def column_filter(
    query: str, field: Field, columns: Mapping[str, FieldKind], values: Values
) -> Filter:
    """A condition on a column as an engine's filter.

    Args:
        query: The query, for messages.
        field: The condition.
        columns: The columns there are.
        values: Gives a column's distinct values, for wildcards.

    Raises:
        QueryError: No such column, or the value does not fit its kind.
    """
    kind = columns.get(field.name)
    if kind is None:
        known = ", ".join(sorted(columns))
        raise QueryError(query, field.at, f"no column {field.name!r}", f"the columns are {known}")
    if field.op != ":":
        if kind == "keyword":
            raise QueryError(
                query, field.at, f"column {field.name!r} holds text", f"write {field.name}:VALUE"
            )
        bound = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}[field.op]
        return Range(field.name, **{bound: float(field.value)})
    if kind == "keyword":
        return _text(query, field, values)
    try:
        number = float(field.value)
    except ValueError:
        raise QueryError(
            query, field.at, f"column {field.name!r} holds numbers", f"write {field.name}:3"
        ) from None
    return Range(field.name, gte=number, lte=number)


def _text(query: str, field: Field, values: Values) -> Filter:
    if not any(sign in field.value for sign in "*?"):
        return Match(field.name, (field.value,))
    if field.name == "path" and field.value.endswith("/*"):
        folder = field.value.removesuffix("/*")
        if not any(sign in folder for sign in "*?"):
            return Match("folders", (folder,))
    known = values(field.name, MOST + 1)
    if len(known) > MOST:
        raise QueryError(
            query,
            field.at,
            f"column {field.name!r} has over {MOST:,} values, too many for a wildcard",
            "name the value, or a folder as path:FOLDER/*",
        )
    found = tuple(value for value in known if fnmatch.fnmatchcase(str(value), field.value))
    return Match(field.name, found) if found else Or(())


def holds(field: Field, payload: Mapping[str, Any]) -> bool:
    """Whether a payload satisfies a condition, as the engine would say."""
    stored = payload.get(field.name)
    for value in stored if isinstance(stored, list) else [stored]:
        if value is None:
            continue
        if field.op == ":":
            if isinstance(value, str):
                if fnmatch.fnmatchcase(value, field.value):
                    return True
            elif _number(field.value) == value:
                return True
        elif _compare(value, field.op, float(field.value)):
            return True
    return False


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _compare(value: float, op: str, bound: float) -> bool:
    return {
        "<": value < bound,
        "<=": value <= bound,
        ">": value > bound,
        ">=": value >= bound,
    }[op]
