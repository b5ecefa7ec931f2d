"""Subsets: the images that match a query, or all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from splicedex.indexer.engines.query import And, Filter, Hit, Nearest, Not, Query, SparseVector
from splicedex.indexer.store.index import Index
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

VALUES = 100
"""Most values of a column that are told apart."""


@dataclass(frozen=True, slots=True)
class Subset:
    """The images that match a query.

    Args:
        query: As asked; empty for every image.
        filter: The same for the engine; None for every image.
        images: How many there are.
        notes: What words were taken to mean, where that is not obvious.
        named: Concepts that the query names.
    """

    query: str
    filter: Filter | None
    images: int
    notes: tuple[str, ...] = ()
    named: frozenset[int] = frozenset()

    @property
    def name(self) -> str:
        """What to call it."""
        return self.query or "every image"


@dataclass(frozen=True, slots=True)
class Example:
    """An image to look at: its point id and its name in the index."""

    id: str
    path: str


def subset(searcher: Searcher, query: str, *, empty: bool = False) -> Subset:
    """The images that match a query.

    Args:
        searcher: Of an open index.
        query: In the query language; empty for every image.
        empty: Let a query pass that matches nothing.

    Raises:
        QueryError: The query breaks the grammar, or names what is not there.
        UserError: It ranks by `text:` or `like:`, or matches no image.
    """
    if not query.strip():
        found = Subset("", None, searcher.index.engine.count())
    else:
        plan = searcher.plan(query)
        if plan.dense:
            raise UserError(
                f"{query!r} ranks images, and a subset needs a yes or no",
                "name concepts and columns; leave text: and like: out",
            )
        named = frozenset(i for one in plan.meanings.values() for i in one.meant)
        if named:
            searcher.index.counts.preload(plan.filter)
        images = searcher.index.engine.count(plan.filter)
        found = Subset(query, plan.filter, images, tuple(plan.notes(searcher.index.space)), named)
    if not found.images and not empty:
        hint = "search for it with --near to see why" if found.query else "index some first"
        raise UserError(f"no image matches {found.name!r}", hint)
    return found


def both(*filters: Filter | None) -> Filter | None:
    """What passes all of the filters; None passes everything."""
    parts = tuple(part for part in filters if part is not None)
    return And(parts) if len(parts) > 1 else next(iter(parts), None)


def outside(searcher: Searcher, inner: Subset) -> Subset:
    """The images that do not match.

    Raises:
        UserError: There are none.
    """
    images = searcher.index.engine.count() - inner.images
    if inner.filter is None or not images:
        raise UserError(f"{inner.name!r} leaves no other image", "name what to compare it with")
    return replace(inner, query=f"NOT ({inner.query})", filter=Not(inner.filter), images=images)


def examples(
    index: Index, filter_: Filter | None, count: int, concept: int | None = None
) -> tuple[Example, ...]:
    """Images that pass, those that a concept explains best first."""
    hits: list[Hit] = []
    if concept is not None:
        along = Nearest(SparseVector(np.array([concept], np.int64), np.ones(1, np.float32)))
        hits = index.engine.query(Query(along, filter_, count, with_payload=("path",)))
    if len(hits) < count:
        hits += index.engine.query(Query(None, filter_, count, with_payload=("path",)))
    found = {hit.id: Example(hit.id, hit.payload["path"]) for hit in hits}
    return tuple(found.values())[:count]


def values_of(searcher: Searcher, column: str, within: Subset) -> list[tuple[str, int]]:
    """Values of a text column in a subset with how many images each has, commonest first.

    Raises:
        UserError: No such column of text, fewer than two values, or more than 100.
    """
    columns = searcher.index.columns
    if columns.get(column) != "keyword":
        known = ", ".join(sorted(name for name, kind in columns.items() if kind == "keyword"))
        raise UserError(f"no text column {column!r}", f"the text columns are {known}")
    engine = searcher.index.engine
    found = engine.facet(column, filter=within.filter, limit=VALUES + 1)
    values = [(str(value), images) for value, images in found if value != ""]
    if not 2 <= len(values) <= VALUES:
        told = f"over {VALUES}" if len(values) > VALUES else str(len(values))
        raise UserError(f"column {column!r} has {told} values here", "choose one with 2 to 100")
    return sorted(values, key=lambda one: (-one[1], one[0]))
