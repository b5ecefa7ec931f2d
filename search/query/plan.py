"""Query planning: from a tree to a filter for the engine and a ranking of the hits.

The engine applies all filters: concept presence and the user's columns are payload fields.
`text:` and `like:` have no threshold between match and no match, so they rank and never filter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from splicedex.indexer.engines.base import FieldKind
from splicedex.indexer.engines.query import And, Filter, Not, Or
from splicedex.indexer.store.presence_payload import at_least, has
from splicedex.search.query.columns import Values, column_filter
from splicedex.search.query.errors import QueryError
from splicedex.search.query.normalize import Leaf, concepts_of, fields_of, leaves, normal
from splicedex.search.query.resolve import Encode, Resolved, resolve
from splicedex.search.query.tree import AllOf, AnyOf, Concept, Field, Like, Node, NoneOf, Text
from splicedex.splice.align import Matrix, unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError
from splicedex.splice.presence.activation import Activations
from splicedex.splice.presence.calibration import PRESENT

EVERYTHING = And(())
UNWANTED = -0.25
"""Weight of an unwanted concept in a query's direction. Most images lack the concept anyway, so a
larger weight would hide the wanted concepts."""
SURELY = 0.95
"""Minimum probability of a concept in the images that most likely rank first for it."""


@dataclass(frozen=True)
class Context:
    """What the planner needs to know of an index.

    Args:
        space: The concept space.
        activations: The concept activations of the index, on the same space.
        columns: The user's columns with their kinds.
        values: Returns the distinct values of a column.
        encode: The text encoder; None if the model has none.
    """

    space: ConceptSpace
    activations: Activations
    columns: Mapping[str, FieldKind]
    values: Values
    encode: Encode | None


@dataclass(frozen=True)
class Plan:
    """The filters and ranking inputs of a query.

    Args:
        parts: Normal trees of concepts and columns that must all match, each with its filter.
        meanings: The resolved concepts of the query, including the edits of a `like:`.
        columns: The filter for near misses: the query, with any value for every concept.
        direction: Unit vector (d,): the sum of the wanted concepts minus the unwanted ones; None
            if the query names no concept.
        dense: The `text:` and `like:` parts of the query.
        strongest: For each part that asks only for concepts: from its filter to a stricter filter
            that passes only images with a high probability.
    """

    parts: tuple[tuple[Node, Filter], ...]
    meanings: Mapping[Concept, Resolved]
    columns: Filter
    direction: Matrix | None
    dense: tuple[Text | Like, ...]
    strongest: Mapping[Filter, Filter]

    @property
    def filter(self) -> Filter:
        """The filter that every match passes."""
        return And(tuple(passing for _, passing in self.parts))

    def notes(self, space: ConceptSpace) -> list[str]:
        """Messages to the user about words that are not resolved by their exact name."""
        found = (meaning.note(space) for meaning in self.meanings.values())
        return list(dict.fromkeys(note for note in found if note))


def make_plan(query: str, tree: Node, context: Context) -> Plan:
    """Plan a query.

    Args:
        query: The query text, for error messages.
        tree: The parsed query.
        context: The index that the query runs on.

    Raises:
        QueryError: `text:` or `like:` is under OR or NOT, or a concept or column is unknown.
    """
    dense, parts = _split(query, normal(tree))
    rest = AllOf(parts)
    edits = (edit for part in dense if isinstance(part, Like) for _, edit in part.edits)
    concepts = dict.fromkeys([*concepts_of(rest), *edits])
    meanings = {concept: meaning(query, concept, context) for concept in concepts}
    columns = {
        field: column_filter(query, field, context.columns, context.values)
        for field in fields_of(rest)
    }

    def holds(leaf: Concept | Field, affirmed: bool) -> Filter:
        passing = columns[leaf] if isinstance(leaf, Field) else _wanted(leaf, meanings[leaf])
        return passing if affirmed else Not(passing)

    def could_hold(leaf: Concept | Field, affirmed: bool) -> Filter:
        return holds(leaf, affirmed) if isinstance(leaf, Field) else EVERYTHING

    def surely_holds(leaf: Concept | Field, _: bool) -> Filter:
        assert isinstance(leaf, Concept)
        return present(meanings[leaf], SURELY)

    filters = tuple((part, _filter(part, holds)) for part in parts)
    return Plan(
        filters,
        meanings,
        _filter(rest, could_hold),
        _direction(rest, meanings, context.activations),
        dense,
        {
            passing: _filter(part, surely_holds)
            for part, passing in filters
            if all(_plainly_wanted(*leaf) for leaf in leaves(part))
        },
    )


def meaning(query: str, concept: Concept, context: Context) -> Resolved:
    """Resolve a concept of a query.

    Raises:
        QueryError: The concept is unknown.
    """
    try:
        return resolve(context.space, concept.text, exact=concept.exact, encode=context.encode)
    except UserError as error:
        raise QueryError(query, concept.at, error.cause, error.hint) from error


def _split(query: str, tree: Node) -> tuple[tuple[Text | Like, ...], tuple[Node, ...]]:
    """Split a tree into the parts that rank (`text:`, `like:`) and the parts that filter."""
    parts = tree.parts if isinstance(tree, AllOf) else (tree,)
    dense = tuple(part for part in parts if isinstance(part, Text | Like))
    rest = tuple(part for part in parts if not isinstance(part, Text | Like))
    for leaf, _ in leaves(AllOf(rest)):
        if isinstance(leaf, Text | Like):
            name = "text:" if isinstance(leaf, Text) else "like:"
            raise QueryError(
                query, leaf.at, f"{name} ranks, so it cannot stand under OR or NOT",
                "combine it with the rest by AND",
            )  # fmt: skip
    return dense, rest


def present(meaning: Resolved, probability: float) -> Filter:
    """Filter for images where a concept or one of its near-synonyms has a minimum probability.

    A near-synonym of weight w needs the probability divided by w.
    """
    if meaning.concept is not None and probability == PRESENT:
        return has(meaning.concept)
    needed = ((i, probability / weight) for i, weight in meaning.synonyms.items())
    return Or(tuple(at_least(i, p) for i, p in needed if p <= 1))


def _wanted(concept: Concept, meaning: Resolved) -> Filter:
    """Filter for images where a concept has the probability that the query asks for."""
    if concept.above is None and concept.below is None:
        return present(meaning, PRESENT)
    bounds: list[Filter] = []
    if concept.above is not None:
        bounds.append(present(meaning, concept.above))
    if concept.below is not None:
        bounds.append(Not(present(meaning, concept.below)))
    return And(tuple(bounds))


def _plainly_wanted(leaf: Leaf, affirmed: bool) -> bool:
    """Whether a leaf asks for a concept without a bound on its probability."""
    return isinstance(leaf, Concept) and affirmed and leaf.above is None and leaf.below is None


def _filter(node: Node, passing: Callable[[Concept | Field, bool], Filter]) -> Filter:
    """Translate a normal tree into a filter, given the filter of an affirmed or denied leaf."""
    match node:
        case AllOf(parts):
            return And(tuple(_filter(part, passing) for part in parts))
        case AnyOf(parts):
            return Or(tuple(_filter(part, passing) for part in parts))
        case NoneOf(Concept() | Field() as leaf):
            return passing(leaf, False)
        case Concept() | Field():
            return passing(node, True)
        case _:
            raise AssertionError(f"{node} does not filter")


def direction_of(meaning: Resolved, towards: Matrix) -> Matrix:
    """The unit vector (d,) of a resolved concept.

    Args:
        meaning: The resolved concept.
        towards: One vector for each concept of the space (c, d).
    """
    weights = np.array(list(meaning.synonyms.values()), np.float32)
    return unit(weights @ towards[list(meaning.synonyms)])


def _direction(
    tree: Node, meanings: Mapping[Concept, Resolved], activations: Activations
) -> Matrix | None:
    total = np.zeros(activations.queries.shape[1], np.float32)
    for leaf, affirmed in leaves(tree):
        if isinstance(leaf, Concept):
            weight = leaf.boost * (1.0 if affirmed != leaf.faint else UNWANTED)
            total += weight * direction_of(meanings[leaf], activations.queries)
    return unit(total) if total.any() else None


def describe(part: Any) -> Any:
    """A part of a plan as plain JSON values."""
    if isinstance(part, And | Or):
        name = "all" if isinstance(part, And) else "any"
        return {name: [describe(inner) for inner in part.parts]}
    if isinstance(part, Not):
        return {"not": describe(part.part)}
    fields = {name: getattr(part, name) for name in part.__slots__}
    return {name: value for name, value in fields.items() if value is not None}
