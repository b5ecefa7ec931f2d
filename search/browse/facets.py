"""Facets: what the images that match a query show, and their column values, counted in the engine.

Concepts are counted as images are said to show them (`indexer.payload.shows`), not by presence:
nobody asked for them. `shows:NAME`, added to the query, leaves as many images as were counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from splicedex.indexer.engines.query import Filter, Scalar
from splicedex.indexer.payload.columns import HALF, key_field, spans_field
from splicedex.indexer.store.index import Index
from splicedex.search.browse.concept_frequency import FrequencyCache, by_count
from splicedex.search.query.plan import Plan
from splicedex.search.query.resolve import resolve

SAME = 0.5
"""A near-synonym with at least this weight is not listed together with its concept."""
DISTINCT = 40
"""Maximum number of values of a column that is listed, unless some are frequent."""
MOST_SPANS = 10_000
"""Years and months of a column of dates that are counted: some 770 years."""
NO_FACETS = frozenset({"path", "width", "height"})
"""Columns with a different value for most images."""


@dataclass(frozen=True, slots=True)
class ConceptFacet:
    """A concept among the images of a query.

    Args:
        concept: Name of the concept.
        images: Number of the query's images that are said to show it.
        share: The same as a share of the query's images.
        lift: That share divided by the share in the whole index.
    """

    concept: str
    images: int
    share: float
    lift: float


@dataclass(frozen=True, slots=True)
class Facets:
    """The facets of a query.

    Args:
        matches: Number of images that match.
        concepts: Concepts that the images show, most frequent first.
        columns: Values of the user's columns with counts, most frequent first; of dates the years
            and months, in their order.
    """

    matches: int
    concepts: tuple[ConceptFacet, ...]
    columns: Mapping[str, tuple[tuple[Scalar, int], ...]]


def facets(index: Index, plan: Plan, frequencies: FrequencyCache, limit: int) -> Facets:
    """Count what the images that match a query show, and the values of their columns.

    Concepts that the query names are left out, and near-synonyms are listed once.

    Args:
        index: Open index.
        plan: Plan of the query. `text:` and `like:` have no effect, because they do not filter.
        frequencies: Concept frequencies of the same index.
        limit: Maximum number of concepts, and of values of each column.
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
    frequencies: FrequencyCache,
    limit: int,
    *,
    without: set[int],
) -> list[ConceptFacet]:
    """The concepts that most of the images which pass a filter are said to show.

    Args:
        index: Open index.
        passing: The filter.
        matches: Number of images that pass it.
        frequencies: Concept frequencies of the same index.
        limit: Maximum number of concepts.
        without: Concepts to leave out.
    """
    if not matches:
        return []
    space, whole = index.space, frequencies.current()
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
        if name in NO_FACETS or kind == "float":
            continue
        if kind == "date":
            values = _spans(index, name, passing, limit)
            telling = True
        else:
            key = key_field(name, kind)
            values = index.engine.facet(key, filter=passing, limit=max(limit, DISTINCT) + 1)
            telling = bool(kind == "keyword" and values and values[0][1] > 1)
        if kind == "unsigned":
            values = [(int(value) + HALF, count) for value, count in values]
        if values and (len(values) <= DISTINCT or telling):
            found[name] = tuple(values[:limit])
    return found


def _spans(index: Index, name: str, passing: Filter, limit: int) -> list[tuple[Scalar, int]]:
    """The years and months of a column of dates in their order, each as a query names it.

    Where they are more than the limit, only the years; the latest ones, if those are too many.
    """
    counts = index.engine.facet(spans_field(name), filter=passing, limit=MOST_SPANS)
    spans = sorted((_span(int(number)), count) for number, count in counts)
    if len(spans) <= limit:
        return list(spans)
    years = [(span, count) for span, count in spans if len(span) == 4]
    return list(years[-limit:])


def _span(number: int) -> str:
    """A year (2024) or month (202403) as a query names it."""
    return f"{number:04}" if number < 10_000 else f"{number // 100:04}-{number % 100:02}"
