"""Facets: what the images of a query have, counted inside the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from splicedex.indexer.engines.query import Filter, Scalar
from splicedex.indexer.store.index import Index
from splicedex.search.browse.concept_frequency import Frequencies, by_count
from splicedex.search.query.plan import Plan
from splicedex.search.query.resolve import resolve

SAME = 0.5
"""A concept whose weight in the family of one that is shown is at least this is not shown too."""
DISTINCT = 40
"""Values a column may have to be worth a facet, unless some are frequent."""
NO_FACETS = frozenset({"path", "width", "height"})
"""Columns of ours that differ from image to image."""


@dataclass(frozen=True, slots=True)
class ConceptFacet:
    """A concept among the images of a query.

    Args:
        concept: Its name; the count is of its whole family, as a query for it would find.
        images: How many of the query's images have it.
        share: The same, of all the query's images.
        lift: How much larger that share is than in the whole index.
    """

    concept: str
    images: int
    share: float
    lift: float


@dataclass(frozen=True, slots=True)
class Facets:
    """What the images of a query have.

    Args:
        matches: How many images match.
        concepts: Most frequent first.
        columns: Values of the user's columns with counts, most frequent first.
    """

    matches: int
    concepts: tuple[ConceptFacet, ...]
    columns: Mapping[str, tuple[tuple[Scalar, int], ...]]


def facets(index: Index, plan: Plan, frequencies: Frequencies, limit: int) -> Facets:
    """Count what the images of a query have.

    Concepts that the query itself names are left out, and so are near-synonyms of one shown.

    Args:
        index: Open index.
        plan: Of the query; `text:` and `like:` narrow nothing, so they do not count.
        frequencies: Of the same index.
        limit: At most this many concepts, and values of each column.
    """
    passing = plan.filter
    matches = index.engine.count(passing)
    named = {i for meaning in plan.meanings.values() for i in meaning.synonyms}
    return Facets(
        matches,
        tuple(together(index, passing, matches, frequencies, limit, without=named)),
        _columns(index, passing, matches, limit),
    )


def together(
    index: Index,
    passing: Filter,
    matches: int,
    frequencies: Frequencies,
    limit: int,
    *,
    without: set[int],
) -> list[ConceptFacet]:
    """The concepts most frequent among the images that pass a filter.

    Args:
        index: Open index.
        passing: The filter.
        matches: How many images pass it.
        frequencies: Of the same index.
        limit: At most this many.
        without: Concepts to leave out.
    """
    if not matches:
        return []
    space, whole = index.space, frequencies.counts()
    counts = index.counts.of(passing)
    left_out = set(without)
    found: list[ConceptFacet] = []
    for concept in by_count(counts):
        if len(found) == limit:
            break
        if concept in left_out:
            continue
        meaning = resolve(space, space.concepts[concept])
        left_out |= {i for i, weight in meaning.synonyms.items() if weight >= SAME}
        images = int(counts[concept])
        share = images / matches
        usual = max(whole.share(concept), 1 / max(whole.images, 1))
        found.append(ConceptFacet(meaning.name, images, share, share / usual))
    return found


def _columns(
    index: Index, passing: Filter, matches: int, limit: int
) -> dict[str, tuple[tuple[Scalar, int], ...]]:
    found = {}
    for name, kind in index.columns.items():
        if name in NO_FACETS or kind not in {"keyword", "integer"}:
            continue
        values = index.engine.facet(name, filter=passing, limit=max(limit, DISTINCT) + 1)
        telling = kind == "keyword" and values and values[0][1] > 1
        if values and (len(values) <= DISTINCT or telling):
            found[name] = tuple(values[:limit])
    return found
