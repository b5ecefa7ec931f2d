"""Checks of the arguments that several curation commands share."""

from __future__ import annotations

from collections.abc import Iterable

from splicedex.indexer.store.index import Index
from splicedex.splice.errors import UserError

_SEEDS = 2**64


def check_choice(option: str, value: str, allowed: Iterable[str]) -> None:
    """Check that a value is one of those allowed.

    Args:
        option: The option, as the command line calls it: `--order`.
        value: The value given.
        allowed: All allowed values.

    Raises:
        UserError: The value is not allowed.
    """
    allowed = tuple(allowed)
    if value not in allowed:
        raise UserError(f"{option} {value} is unknown", f"use {', '.join(allowed)}")


def check_column(index: Index, column: str) -> None:
    """Check that the index has a column.

    Raises:
        UserError: There is no such column.
    """
    if column not in index.columns:
        raise UserError(f"no column {column!r}", f"the columns are {', '.join(index.columns)}")


def check_columns(index: Index, *columns: str | None) -> tuple[str, ...]:
    """Check that the index has all columns that are not None, and return each of them once.

    Raises:
        UserError: There is no such column.
    """
    given = tuple(dict.fromkeys(column for column in columns if column is not None))
    for column in given:
        check_column(index, column)
    return given


def check_draw(count: int, seed: int) -> None:
    """Check the arguments of a random draw.

    Raises:
        UserError: The count is below 1, or the seed is negative or over 64 bits.
    """
    if count < 1:
        raise UserError(f"cannot choose {count} images", "ask for 1 or more")
    if not 0 <= seed < _SEEDS:
        raise UserError(f"seed {seed} is out of range", "use a number from 0 to 2^64 - 1")
