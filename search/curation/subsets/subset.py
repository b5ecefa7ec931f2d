"""Subsets: the images that match a query, or every image."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from splicedex.indexer.engines.query import And, Filter, Hit, Nearest, Not, Query, SparseVector
from splicedex.indexer.store.index import Index
from splicedex.search.query.nodes import Field
from splicedex.search.query.normalize import leaves
from splicedex.search.query.plan import Plan
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

MAX_VALUES = 100
"""Most values of a column that can be told apart."""


@dataclass(frozen=True, slots=True)
class Subset:
    """The images that match a query.

    Args:
        query: The query as typed; empty for every image.
        filter: The same for the engine; None for every image.
        images: How many images match.
        notes: How words were understood, where that is not obvious.
        words: What the query names: its concepts, and the values of its columns.
    """

    query: str
    filter: Filter | None
    images: int
    notes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return self.query or "every image"


@dataclass(frozen=True, slots=True)
class Example:
    """An image to look at: its point id and its path in the index."""

    id: str
    path: str

    @property
    def name(self) -> str:
        """Its name in the index."""
        return self.path


def subset(searcher: Searcher, query: str, *, allow_empty: bool = False) -> Subset:
    """The images that match a query.

    Args:
        searcher: A searcher of an open index.
        query: A query of the query language; empty for every image.
        allow_empty: Accept a query that matches no image.

    Raises:
        QueryError: The query is not valid, or names an unknown concept or column.
        UserError: The query ranks by `text:` or `like:`, or matches no image.
    """
    if not query.strip():
        found = Subset("", None, searcher.index.engine.count())
    else:
        plan = searcher.plan(query)
        if plan.ranks_by_vectors:
            raise UserError(
                f"{query!r} ranks images; a set needs a query that an image matches or not",
                "use concepts and columns, without text: and like:",
            )
        if plan.meanings:
            searcher.index.counts.preload(plan.filter)
        images = searcher.index.engine.count(plan.filter)
        notes = tuple(plan.notes(searcher.index.space))
        found = Subset(query, plan.filter, images, notes, _words(plan))
    if not found.images and not allow_empty:
        hint = "search for it with --near to see why" if found.query else "index some images first"
        raise UserError(f"no image matches {found.name!r}", hint)
    return found


def _words(plan: Plan) -> tuple[str, ...]:
    """What a query names: its concepts, and the values that it wants columns to have."""
    concepts = [one.text for one in plan.meanings]
    values = [
        leaf.value
        for part, _ in plan.parts
        for leaf, _ in leaves(part)
        if isinstance(leaf, Field) and leaf.op == ":" and leaf.name != "path"
    ]
    return tuple(dict.fromkeys([*concepts, *values]))


def intersection(*filters: Filter | None) -> Filter | None:
    """A filter for the images that pass all filters; None passes every image."""
    parts = tuple(part for part in filters if part is not None)
    return And(parts) if len(parts) > 1 else next(iter(parts), None)


def complement(searcher: Searcher, inner: Subset) -> Subset:
    """All images that are not in a subset.

    Raises:
        UserError: There are none.
    """
    images = searcher.index.engine.count() - inner.images
    if inner.filter is None or not images:
        raise UserError(
            f"{inner.name!r} matches every image, so there is no rest to compare it with",
            "give a second query",
        )
    return replace(inner, query=f"NOT ({inner.query})", filter=Not(inner.filter), images=images)


def without(larger: Subset, smaller: Subset, overlap: int) -> Subset:
    """The images of one subset that are not in another.

    Args:
        larger: The subset to reduce.
        smaller: The subset to take away, which has a query.
        overlap: How many images both have.
    """
    assert smaller.filter is not None
    left = intersection(larger.filter, Not(smaller.filter))
    query = f"({larger.query}) NOT ({smaller.query})"
    return replace(larger, query=query, filter=left, images=larger.images - overlap)


def examples(
    index: Index, passing: Filter | None, count: int, concept: int | None = None
) -> tuple[Example, ...]:
    """At most `count` images that pass a filter, those with most weight of a concept first."""
    if not count:
        return ()
    hits: list[Hit] = []
    if concept is not None:
        along = Nearest(SparseVector(np.array([concept], np.int64), np.ones(1, np.float32)))
        hits = index.engine.query(Query(along, passing, count, with_payload=("path",)))
    if len(hits) < count:
        hits += index.engine.query(Query(None, passing, count, with_payload=("path",)))
    found = {hit.id: Example(hit.id, hit.payload["path"]) for hit in hits}
    return tuple(found.values())[:count]


def values_of(searcher: Searcher, column: str, within: Subset) -> list[tuple[str, int]]:
    """The values of a text column in a subset with their numbers of images, most frequent first.

    Raises:
        UserError: There is no such text column, or it has fewer than 2 or more than 100 values.
    """
    columns = searcher.index.columns
    if columns.get(column) != "keyword":
        known = ", ".join(sorted(name for name, kind in columns.items() if kind == "keyword"))
        raise UserError(f"no text column {column!r}", f"the text columns are {known}")
    engine = searcher.index.engine
    found = engine.facet(column, filter=within.filter, limit=MAX_VALUES + 1)
    values = [(str(value), images) for value, images in found if value != ""]
    if not 2 <= len(values) <= MAX_VALUES:
        many = f"over {MAX_VALUES}" if len(values) > MAX_VALUES else str(len(values))
        raise UserError(
            f"column {column!r} has {many} values here", f"choose one with 2 to {MAX_VALUES}"
        )
    return sorted(values, key=lambda one: (-one[1], one[0]))
