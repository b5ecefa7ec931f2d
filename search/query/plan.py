"""Planning: from a query to what the engine filters by and what ranks the hits.

Filters stay inside the engine: presence is a payload field, and so are the user's columns. What
`text:` and `like:` ask for cannot be told from what it is not, so they rank and never filter.
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
"""Weight of an unwanted concept in a query's direction: most photos lack it anyway, so more would
drown what is wanted."""
SURELY = 0.95
"""Probability of a concept in what lies nearest along it, most likely."""


@dataclass(frozen=True)
class Context:
    """What a query is planned against.

    Args:
        space: The concepts.
        activations: Of the index, on the same space.
        columns: The user's columns, with how they are indexed.
        values: Distinct values of a column in the index.
        encode: Text encoder; None if the model has none.
    """

    space: ConceptSpace
    activations: Activations
    columns: Mapping[str, FieldKind]
    values: Values
    encode: Encode | None


@dataclass(frozen=True)
class Plan:
    """What will be asked of the engine, and what of the hits.

    Args:
        parts: What must all hold, as normal trees of concepts and columns, each with what the
            engine filters by.
        meanings: What each concept of the query means, those that edit a `like:` too.
        columns: What a near miss satisfies too: the query, were any concept as it likes.
        direction: Unit vector (d,) along which the wanted concepts lie, less the unwanted;
            None where the query names none.
        dense: The query's `text:` and `like:` parts.
        strongest: Of parts that ask for concepts alone, by what they filter by, what passes surely.
    """

    parts: tuple[tuple[Node, Filter], ...]
    meanings: Mapping[Concept, Resolved]
    columns: Filter
    direction: Matrix | None
    dense: tuple[Text | Like, ...]
    strongest: Mapping[Filter, Filter]

    @property
    def filter(self) -> Filter:
        """What a match satisfies."""
        return And(tuple(passing for _, passing in self.parts))

    def notes(self, space: ConceptSpace) -> list[str]:
        """What to tell the user of meanings that are not obvious."""
        found = (meaning.note(space) for meaning in self.meanings.values())
        return list(dict.fromkeys(note for note in found if note))


def make_plan(query: str, tree: Node, context: Context) -> Plan:
    """Plan a query.

    Raises:
        QueryError: `text:` or `like:` stands under OR or NOT, or a concept or column is unknown.
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
    """What a concept of a query means.

    Raises:
        QueryError: It is unknown.
    """
    try:
        return resolve(context.space, concept.text, exact=concept.exact, encode=context.encode)
    except UserError as error:
        raise QueryError(query, concept.at, error.cause, error.hint) from error


def _split(query: str, tree: Node) -> tuple[tuple[Text | Like, ...], tuple[Node, ...]]:
    """Part what ranks (`text:`, `like:`) from what filters."""
    parts = tree.parts if isinstance(tree, AllOf) else (tree,)
    dense = tuple(part for part in parts if isinstance(part, Text | Like))
    rest = tuple(part for part in parts if not isinstance(part, Text | Like))
    for leaf, _ in leaves(AllOf(rest)):
        if isinstance(leaf, Text | Like):
            name = "text:" if isinstance(leaf, Text) else "like:"
            raise QueryError(
                query, leaf.at, f"{name} ranks, so it cannot stand under OR or NOT",
                "put it beside the rest, with AND",
            )  # fmt: skip
    return dense, rest


def present(meaning: Resolved, probability: float) -> Filter:
    """Images where one member of a family is likely enough for what its weight makes of it."""
    if meaning.concept is not None and probability == PRESENT:
        return has(meaning.concept)
    needed = ((i, probability / weight) for i, weight in meaning.synonyms.items())
    return Or(tuple(at_least(i, p) for i, p in needed if p <= 1))


def _wanted(concept: Concept, meaning: Resolved) -> Filter:
    """Images that hold a concept at the strength asked for."""
    if concept.above is None and concept.below is None:
        return present(meaning, PRESENT)
    bounds: list[Filter] = []
    if concept.above is not None:
        bounds.append(present(meaning, concept.above))
    if concept.below is not None:
        bounds.append(Not(present(meaning, concept.below)))
    return And(tuple(bounds))


def _plainly_wanted(leaf: Leaf, affirmed: bool) -> bool:
    """Whether a leaf asks for a concept, however strong."""
    return isinstance(leaf, Concept) and affirmed and leaf.above is None and leaf.below is None


def _filter(node: Node, passing: Callable[[Concept | Field, bool], Filter]) -> Filter:
    """Translate a normal tree, given what passes a leaf that is affirmed or denied."""
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
    """The unit vector (d,) of a family, from one vector (c, d) for each concept."""
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
    """A part of a plan as plain values, for people and `--json`."""
    if isinstance(part, And | Or):
        name = "all" if isinstance(part, And) else "any"
        return {name: [describe(inner) for inner in part.parts]}
    if isinstance(part, Not):
        return {"not": describe(part.part)}
    fields = {name: getattr(part, name) for name in part.__slots__}
    return {name: value for name, value in fields.items() if value is not None}
