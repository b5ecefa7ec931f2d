"""`tag`: write a column that later queries can use."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from splicedex.indexer.engines.base import FieldKind
from splicedex.indexer.sources.base import blocks
from splicedex.indexer.sources.column_names import RESERVED, is_name
from splicedex.search.curation.subsets.reading import read_ids
from splicedex.search.curation.subsets.subset import subset
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

MAX_LENGTH = 128
"""Most characters of a text value."""
Value: TypeAlias = str | int | float


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
    searcher: Searcher, query: str, name: str, value: str | float | None, *, dry_run: bool = True
) -> Tagging:
    """Set a column of every image of a subset, or remove it.

    Args:
        searcher: A searcher of an open index.
        query: The query of the subset; empty for every image.
        name: The column; it is created if there is none.
        value: A text or a number. A text that reads as a number becomes one, unless the column
            holds texts. None or an empty text removes the value.
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
    for block in blocks(ids):
        index.engine.set_payload(block, {name: value})


def typed_value(searcher: Searcher, name: str, value: str | float | None) -> Value | None:
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
    if kind == "keyword" or (kind is None and _number(value) is None):
        text = str(value)
        if len(text) > MAX_LENGTH:
            raise UserError(f"the value has {len(text)} characters", f"use {MAX_LENGTH} at most")
        return text
    number = _number(value)
    if number is None or (kind == "integer" and not isinstance(number, int)):
        held = "whole numbers" if kind == "integer" else "numbers"
        raise UserError(f"column {name!r} holds {held}, not {value!r}", f"write {name}=3")
    return float(number) if kind == "float" else number


def _kind(value: Value) -> FieldKind:
    if isinstance(value, str):
        return "keyword"
    return "integer" if isinstance(value, int) else "float"


def _number(value: str | float) -> int | float | None:
    """The number that a value reads as; None for text, also for one with leading zeros (007)."""
    try:
        number = float(value)
    except ValueError:
        return None
    if not math.isfinite(number) or (isinstance(value, str) and re.match(r"\s*[-+]?0\d", value)):
        return None
    return int(number) if number.is_integer() and "." not in str(value) else number
