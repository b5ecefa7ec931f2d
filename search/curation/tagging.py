"""`tag`: write a column that later queries can use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from splicedex.indexer.payload.columns import ColumnKind, removed, stored
from splicedex.indexer.sources.base import blocks
from splicedex.indexer.sources.tables.cells import Notation
from splicedex.indexer.sources.tables.column_names import RESERVED, is_name
from splicedex.indexer.sources.tables.typed_column import MisfitError, typed_column
from splicedex.search.curation.subsets.reading import read_ids
from splicedex.search.curation.subsets.subset import subset
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

MAX_LENGTH = 128
"""Most characters of a text value."""
Value: TypeAlias = str | int | float | bool
NOTATION = Notation(numbers=True, dates=True)
"""A tag is text that is read as a cell of CSV is, but never a list."""
HELD: dict[ColumnKind, tuple[str, str]] = {
    "keyword": ("text", "yes"),
    "integer": ("whole numbers", "3"),
    "unsigned": ("whole numbers from 0", "3"),
    "float": ("numbers", "3.5"),
    "bool": ("truth values", "true"),
    "date": ("dates", "2024-03-05"),
}


@dataclass(frozen=True, slots=True)
class Tagging:
    """What a tag changed, or would change.

    Args:
        query: The query of the subset; empty for every image.
        name: The column.
        value: Its new value; None removes it.
        images: How many images match.
        done: Whether it was written.
    """

    query: str
    name: str
    value: Value | None
    images: int
    done: bool


def tag(
    searcher: Searcher, query: str, name: str, value: Value | None, *, dry_run: bool = True
) -> Tagging:
    """Set a column of every image of a subset, or remove it.

    Args:
        searcher: A searcher of an open index.
        query: The query of the subset; empty for every image.
        name: The column; it is created if there is none.
        value: A text, a number or a truth value. A text that reads as a number, a truth value or a
            date becomes one, unless the column holds texts. None or an empty text removes the
            value.
        dry_run: Only count the images.

    Raises:
        UserError: The name cannot be a column, the value does not fit the column, or the query
            cannot be a subset.
    """
    typed = typed_value(searcher, name, value)
    chosen = subset(searcher, query, allow_empty=True)
    if not dry_run and chosen.images:
        ids = list(read_ids(searcher.index, chosen.filter))  # all: writing can change what matches
        write_tag(searcher, ids, name, typed)
    return Tagging(query, name, typed, chosen.images, not dry_run)


def write_tag(searcher: Searcher, ids: Iterable[str], name: str, value: Value | None) -> None:
    """Set a column of images by id.

    Args:
        searcher: A searcher of an open index.
        ids: The ids of the images.
        name: The column; it is created if there is none.
        value: A value from `typed_value`; None removes it.
    """
    index = searcher.index
    if value is not None and name not in index.columns:
        index.register_columns({name: _kind(value)})
    fields: dict[str, Any] = dict(removed(name))
    if value is not None:
        fields |= stored(name, index.columns[name], value)
    for block in blocks(ids):
        index.engine.set_payload(block, fields)


def typed_value(searcher: Searcher, name: str, value: Value | None) -> Value | None:
    """Convert a value to the type of its column.

    Returns:
        The value; None for None and for an empty text, which remove it.

    Raises:
        UserError: The name cannot be a column, or the value does not fit the column.
    """
    if name in RESERVED or not is_name(name):
        problem = "is a column of splicedex itself" if name in RESERVED else "cannot be a column"
        raise UserError(
            f"{name!r} {problem}", "use a name of letters, digits, _ and -, such as reviewed"
        )
    if value is None or value == "":
        return None
    kind = searcher.index.columns.get(name)
    try:
        column = typed_column([value], NOTATION, known=kind)
    except MisfitError as error:
        held, example = HELD[kind or "keyword"]
        raise UserError(
            f"column {name!r} holds {held}, not {value!r}", f"write {name}={example}"
        ) from error
    [typed] = column.values
    if typed is None:
        raise UserError(f"no column holds {value!r}", "write a text or a number")
    if isinstance(typed, str) and len(typed) > MAX_LENGTH:
        raise UserError(f"the value has {len(typed)} characters", f"use {MAX_LENGTH} at most")
    result: Value = typed
    return result


def _kind(value: Value) -> ColumnKind:
    """What a new column for a value holds."""
    return typed_column([value], NOTATION).kind or "keyword"
