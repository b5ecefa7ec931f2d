"""Planning: from a query to what the engine filters by and what ranks the hits.

Filters stay inside the engine: presence is a payload field, and so are the user's columns. What
`text:` and `like:` ask for cannot be told from what it is not, so they rank and never filter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from indexer.engine import FieldKind
from indexer.query import And, Filter, Not, Or
from indexer.strength import at_least
from search.columns import Values, column_filter
from search.concepts import Encode, Resolved, resolve
from search.language import And as AllOf
from search.language import Concept, Field, Like, Node, QueryError, Text
from search.language import Not as NoneOf
from search.language import Or as AnyOf
from splice.activation import Activations
from splice.align import Matrix, unit
from splice.errors import UserError
from splice.presence import PRESENT
from splice.space import ConceptSpace

EVERYTHING = And(())
NOTHING = Or(())


@dataclass(frozen=True)
class Context:
    """What a query is planned against.

    Args:
        space: The concepts.
        activations: Of the same space.
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
        parts: The concepts and columns that must all hold, each with what the engine filters by.
        meanings: What each concept of the parts means.
        columns: What a near miss satisfies too: the conditions on columns alone.
        direction: Unit vector (d,) along which the wanted concepts lie, less the unwanted;
            None where the query names none.
        dense: The query's `text:` and `like:` parts.
    """

    parts: tuple[tuple[Node, Filter], ...]
    meanings: Mapping[Concept, Resolved]
    columns: Filter
    direction: Matrix | None
    dense: tuple[Text | Like, ...]

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
        QueryError: `text:` or `like:` stands under OR or NOT.
        UserError: A concept or column is unknown.
    """
    dense, parts = _split(query, tree)
    rest = AllOf(parts)
    meanings = {concept: meaning(query, concept, context) for concept in concepts_of(rest)}

    def exactly(concept: Concept, _: bool) -> Filter:
        return _wanted(concept, meanings[concept])

    def perhaps(_: Concept, wanted: bool) -> Filter:
        return EVERYTHING if wanted else NOTHING

    def column(field: Field) -> Filter:
        return column_filter(query, field, context.columns, context.values)

    return Plan(
        tuple((part, _filter(part, exactly, column)) for part in parts),
        meanings,
        _filter(rest, perhaps, column),
        _direction(rest, meanings, context.activations),
        dense,
    )


def meaning(query: str, concept: Concept, context: Context) -> Resolved:
    """What a concept of a query means.

    Raises:
        QueryError: It is unknown.
    """
    try:
        return resolve(context.space, concept.text, exact=concept.exact, encode=context.encode)
    except UserError as error:
        raise QueryError(query, concept.at, error.cause, error.cure) from error


def concepts_of(node: Node) -> Iterator[Concept]:
    """The concepts of a tree, from left to right."""
    match node:
        case Concept():
            yield node
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from concepts_of(part)
        case NoneOf(part):
            yield from concepts_of(part)


def conjuncts(node: Node) -> tuple[Node, ...]:
    """The parts that must all hold."""
    if isinstance(node, AllOf):
        return tuple(leaf for part in node.parts for leaf in conjuncts(part))
    return (node,)


def _split(query: str, tree: Node) -> tuple[tuple[Text | Like, ...], tuple[Node, ...]]:
    """Part what ranks (`text:`, `like:`) from what filters."""
    parts = conjuncts(tree)
    dense = tuple(part for part in parts if isinstance(part, Text | Like))
    rest = tuple(dict.fromkeys(part for part in parts if not isinstance(part, Text | Like)))
    for part in rest:
        for inner in _dense_within(part):
            name = "text:" if isinstance(inner, Text) else "like:"
            raise QueryError(
                query, inner.at, f"{name} ranks, so it cannot stand under OR or NOT",
                "put it beside the rest, with AND",
            )  # fmt: skip
    return dense, rest


def _dense_within(node: Node) -> Iterator[Text | Like]:
    match node:
        case Text() | Like():
            yield node
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _dense_within(part)
        case NoneOf(part):
            yield from _dense_within(part)


def present(meaning: Resolved, probability: float) -> Filter:
    """Images where one member of a family is likely enough for what its weight makes of it."""
    needed = ((i, probability / weight) for i, weight in meaning.family.items())
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


def _filter(
    node: Node,
    concept: Callable[[Concept, bool], Filter],
    column: Callable[[Field], Filter],
    wanted: bool = True,
) -> Filter:
    """Translate a tree, leaf by leaf; `wanted` turns over under every NOT."""
    match node:
        case Concept():
            return concept(node, wanted)
        case Field():
            return column(node)
        case AllOf(parts):
            return And(tuple(_filter(part, concept, column, wanted) for part in parts))
        case AnyOf(parts):
            return Or(tuple(_filter(part, concept, column, wanted) for part in parts))
        case NoneOf(part):
            return Not(_filter(part, concept, column, not wanted))
        case _:
            raise AssertionError(f"{node} does not filter")


def _direction(
    tree: Node, meanings: Mapping[Concept, Resolved], activations: Activations
) -> Matrix | None:
    total = np.zeros(activations.queries.shape[1], np.float32)

    def add(node: Node, sign: int) -> None:
        match node:
            case Concept():
                family = meanings[node].family
                weights = np.array(list(family.values()), np.float32)
                towards = unit(weights @ activations.queries[list(family)])
                total[:] += sign * node.boost * towards
            case AllOf(parts) | AnyOf(parts):
                for part in parts:
                    add(part, sign)
            case NoneOf(part):
                add(part, -sign)
            case _:
                pass

    add(tree, 1)
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
