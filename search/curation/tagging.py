"""Tagging: writing a column that later queries can use."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from splicedex.indexer.engines.base import FieldKind
from splicedex.indexer.sources.base import blocks
from splicedex.indexer.sources.column_names import RESERVED, is_name
from splicedex.search.curation.subsets.subset import subset
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

_LONGEST = 128
Value = str | int | float


@dataclass(frozen=True, slots=True)
class Tagging:
    """What a tag does, or did.

    Args:
        query: The subset; empty for every image.
        name: The column.
        value: What it becomes; None for taking the column away.
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
    """Set a column of every image of a subset, or take it away.

    Args:
        searcher: Of an open index.
        query: The subset; empty for every image.
        name: The column; a new one is made.
        value: Text or a number; a text that reads as a number is one, unless the column holds text.
            None or an empty text takes the column away.
        dry_run: Only say what would be done.

    Raises:
        UserError: A name that cannot be a column, a value that does not fit it, or the query cannot
            be a subset.
    """
    typed = typed_value(searcher, name, value)
    chosen = subset(searcher, query, empty=True)
    if not dry_run and chosen.images:
        # Writing may change what matches: the ids are settled before.
        hits = searcher.index.engine.scroll(chosen.filter, with_payload=False)
        write_tag(searcher, [hit.id for hit in hits], name, typed)
    return Tagging(query, name, typed, chosen.images, not dry_run)


def write_tag(searcher: Searcher, ids: Iterable[str], name: str, value: Value | None) -> None:
    """Set a column, with a value from `typed_value`, of images by id."""
    index = searcher.index
    if value is not None and name not in index.columns:
        index.register_columns({name: _kind(value)})
    for block in blocks(ids):
        index.engine.set_payload(block, {name: value})


def typed_value(searcher: Searcher, name: str, value: str | float | None) -> Value | None:
    """A value as the column holds it.

    Raises:
        UserError: A name that cannot be a column, or a value that does not fit it.
    """
    if name in RESERVED or not is_name(name):
        told = "is one of ours" if name in RESERVED else "cannot be a column"
        raise UserError(f"{name!r} {told}", "name it by letters, digits, _ and -: reviewed")
    if value is None or value == "":
        return None
    kind = searcher.index.columns.get(name)
    if kind == "keyword" or (kind is None and _number(value) is None):
        text = str(value)
        if len(text) > _LONGEST:
            raise UserError(f"a tag of {len(text)} characters", f"use {_LONGEST} at most")
        return text
    number = _number(value)
    if number is None or (kind == "integer" and not isinstance(number, int)):
        told = "whole numbers" if kind == "integer" else "numbers"
        raise UserError(f"column {name!r} holds {told}, not {value!r}", f"write {name}=3")
    return float(number) if kind == "float" else number


def _kind(value: Value) -> FieldKind:
    if isinstance(value, str):
        return "keyword"
    return "integer" if isinstance(value, int) else "float"


def _number(value: str | float) -> int | float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    if not math.isfinite(number) or (isinstance(value, str) and re.match(r"\s*[-+]?0\d", value)):
        return None
    return int(number) if number.is_integer() and "." not in str(value) else number
