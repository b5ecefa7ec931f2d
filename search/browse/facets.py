"""Facets: concepts and column values of the images that match a query, counted by the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from splicedex.indexer.engines.query import Filter, Scalar
from splicedex.indexer.store.index import Index
from splicedex.search.browse.concept_frequency import FrequencyCache, by_count
from splicedex.search.query.plan import Plan
from splicedex.search.query.resolve import resolve

SAME = 0.5
"""A near-synonym of a shown concept is hidden if its weight is at least this."""
DISTINCT = 40
"""Maximum number of values of a column with a facet, unless some values are frequent."""
NO_FACETS = frozenset({"path", "width", "height"})
"""Built-in columns whose values differ for almost every image."""


@dataclass(frozen=True, slots=True)
class ConceptFacet:
    """How often the images that match a query have a concept.

    Args:
        concept: The name of the concept; its near-synonyms count too, as in a query for it.
        images: Number of matching images that have the concept.
        share: The same as a fraction of all matching images.
        lift: That share divided by the share in the whole index.
    """

    concept: str
    images: int
    share: float
    lift: float


@dataclass(frozen=True, slots=True)
class Facets:
    """ConceptFrequencies over the images that match a query.

    Args:
        matches: Number of images that match.
        concepts: The concepts, most frequent first.
        columns: For each column of the user its values with counts, most frequent first.
    """

    matches: int
    concepts: tuple[ConceptFacet, ...]
    columns: Mapping[str, tuple[tuple[Scalar, int], ...]]


def facets(index: Index, plan: Plan, frequencies: FrequencyCache, limit: int) -> Facets:
    """Count the concepts and column values of the images that match a query.

    The concepts that the query names and the near-synonyms of shown concepts are left out.

    Args:
        index: The open index.
        plan: The plan of the query; `text:` and `like:` do not filter, so they have no effect.
        frequencies: The frequency cache of the same index.
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
    """The concepts most frequent among the images that pass a filter.

    Args:
        index: The open index.
        passing: The filter.
        matches: Number of images that pass it.
        frequencies: The frequency cache of the same index.
        limit: Maximum number of concepts.
        without: Ids of the concepts to leave out.
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
        if name in NO_FACETS or kind not in {"keyword", "integer"}:
            continue
        values = index.engine.facet(name, filter=passing, limit=max(limit, DISTINCT) + 1)
        telling = kind == "keyword" and values and values[0][1] > 1
        if values and (len(values) <= DISTINCT or telling):
            found[name] = tuple(values[:limit])
    return found
