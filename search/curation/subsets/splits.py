"""Splits: parts of a data set by the value of a column, such as train and test."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.indexer.engines.query import Match, Not
from splicedex.search.curation.subsets.subset import Subset, intersection, values_of
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

TRAIN = "train"


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a data set.

    Args:
        name: What to call it; empty for the whole data set.
        images: Its images.
    """

    name: str
    images: Subset


def examined_and_rest(
    searcher: Searcher, column: str | None, value: str | None, whole: Subset
) -> list[Split]:
    """The split to examine, and all others as one; without a column, the whole data set alone.

    Args:
        searcher: A searcher of an open index.
        column: The text column of splits; None for no splits.
        value: The value to examine; by default "train", or the most frequent.
        whole: The data set.

    Raises:
        UserError: There is no such column, or no image of the data set has that value.
    """
    if column is None:
        if value is not None:
            raise UserError(
                f"part {value!r} needs a column of splits", "name the column with --split"
            )
        return [Split("", whole)]
    values = dict(values_of(searcher, column, whole))
    if value is None:
        value = TRAIN if TRAIN in values else next(iter(values))
    if value not in values:
        raise UserError(f"no image has {column}:{value}", f"use one of {', '.join(values)}")
    is_value = Match(column, (value,))
    inside = intersection(whole.filter, is_value)
    rest = intersection(whole.filter, Not(is_value))
    others = " + ".join(other for other in values if other != value)
    return [
        Split(value, Subset(f"{column}:{value}", inside, values[value])),
        Split(others, Subset(f"NOT {column}:{value}", rest, whole.images - values[value])),
    ]
