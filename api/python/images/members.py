"""The images of a set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from splicedex.api.python.images.hits import Shown
from splicedex.api.python.tables.answers import Weight

if TYPE_CHECKING:
    from splicedex.indexer.engines.query import Hit as Point
    from splicedex.search.searcher import Searcher


@dataclass(frozen=True, slots=True)
class Member:
    """An image of a view.

    Args:
        path: Its file.
        name: Its name in the index.
        id: Its point id.
        cosine: Cosine between its aligned embedding and its decomposition.
        columns: Its columns.
        shows: The concepts that it is said to show, most probable first.
        concepts: Its decomposition: SpLiCE weights, largest first.
    """

    path: str
    name: str
    id: str
    cosine: float
    columns: Mapping[str, Any]
    shows: tuple[Shown, ...]
    concepts: tuple[Weight, ...]


def ids_in_order(
    points: Sequence[Point], column: str, searcher: Searcher, *, descending: bool
) -> list[str]:
    """The ids of points by the values of a column, then by id; those without a value are last."""
    from splicedex.indexer.payload.columns import value_of
    from splicedex.indexer.payload.dates import read_date

    kind = searcher.index.columns[column]

    def key(value: Any) -> Any:
        if isinstance(value, list):
            value = next((one for one in value if one is not None), None)
        if value is None or kind != "date":
            return value
        moment = read_date(value)
        return None if moment is None else moment.start

    keyed = [(key(value_of(point.payload, column)), point.id) for point in points]
    there = sorted((one for one in keyed if one[0] is not None), key=lambda one: one[1])
    there.sort(key=lambda one: one[0], reverse=descending)
    return [id_ for _, id_ in there] + sorted(id_ for value, id_ in keyed if value is None)


def member_of(point: Point, searcher: Searcher) -> Member:
    """The image of a point, read with its payload and concepts."""
    from splicedex.indexer.payload.shows import shown_in
    from splicedex.indexer.sources.location import printable, to_path
    from splicedex.indexer.store.index import HASH
    from splicedex.search.browse.image import columns_of, weighted

    assert point.concepts is not None
    space = searcher.index.space
    return Member(
        printable(str(to_path(point.payload))),
        point.payload["path"],
        point.id,
        point.payload["cosine"],
        {name: value for name, value in columns_of(point.payload).items() if name != HASH},
        tuple(Shown(*one) for one in shown_in(point.payload).named(space)),
        tuple(Weight(*one) for one in weighted(space, point.concepts)),
    )
