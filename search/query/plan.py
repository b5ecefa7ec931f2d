"""Planning: turns a query into the engine's filter and what ranks the hits.

Filters run inside the engine: presence is a payload field, like the user's columns. `text:` and
`like:` have no threshold that separates matches from the rest, so they rank and never filter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from splicedex.indexer.engines.query import And, Filter, HasId, Not, Or
from splicedex.indexer.payload.columns import ColumnKind
from splicedex.indexer.payload.presence import at_least, has
from splicedex.indexer.payload.shows import is_shown, is_surely_shown
from splicedex.search.query.columns import Values, column_filter
from splicedex.search.query.nodes import (
    AllOf,
    Among,
    AnyOf,
    Concept,
    Field,
    Like,
    Node,
    NoneOf,
    QueryError,
    Text,
)
from splicedex.search.query.normalize import Leaf, concepts_of, fields_of, leaves, normal
from splicedex.search.query.reading.reading import Reading
from splicedex.search.query.reading.word_forms import also_called, singulars
from splicedex.search.query.resolve import Encode, Resolved, resolve
from splicedex.splice.align import Matrix, unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError
from splicedex.splice.presence.activation import Activations
from splicedex.splice.presence.calibration import PRESENT

Filtering: TypeAlias = Concept | Field | Among
"""The leaves that an image passes or not."""
EVERYTHING = And(())
UNWANTED = -0.25
"""Weight of an unwanted concept in the direction of a query. Most photos lack it anyway: a larger
weight would outweigh what is wanted."""
SURELY = 0.95
"""Presence probability that the nearest images along a concept are likely to have."""


@dataclass(frozen=True)
class Context:
    """What planning needs to know of an index.

    Args:
        space: The concepts.
        activations: Activations of the same concepts.
        columns: The user's columns, with what each of them holds.
        values: Returns distinct values of a column.
        encode: The text encoder; None if the model has none.
        said_as: Returns the concept that is said in place of a concept.
    """

    space: ConceptSpace
    activations: Activations
    columns: Mapping[str, ColumnKind]
    values: Values
    encode: Encode | None
    said_as: Callable[[int], int] = lambda concept: concept


@dataclass(frozen=True)
class Plan:
    """The plan of a query.

    Args:
        parts: The parts that must all hold, as normal trees, each with its filter.
        meanings: What each concept of the query means, including those that edit a `like:`.
        columns: The filter with every condition on concepts removed. Near misses pass it.
        queries: The direction of each concept of the index (c, d).
        dense: The `text:` and `like:` parts.
        denied: The sentences of `NOT text:`.
        reading: How the query was read.
        kinds: What the columns that the query names hold.
    """

    parts: tuple[tuple[Node, Filter], ...]
    meanings: Mapping[Concept, Resolved]
    columns: Filter
    queries: Matrix
    dense: tuple[Text | Like, ...]
    denied: tuple[Text, ...] = ()
    reading: Reading | None = None
    kinds: Mapping[str, ColumnKind] = field(default_factory=dict)

    @property
    def filter(self) -> Filter:
        """The filter that matches pass."""
        return And(tuple(passing for _, passing in self.parts))

    @property
    def ranks_by_concepts(self) -> bool:
        """Whether a concept decides how the hits are ordered."""
        return any(True for part, _ in self.parts for _ in concepts_of(part))

    @property
    def ranks_by_vectors(self) -> bool:
        """Whether a sentence or an image decides the order, so that the query is no set."""
        return bool(self.dense or self.denied)

    @cached_property
    def wanted(self) -> Matrix:
        """Sum (d,) of the directions of the wanted concepts, each times its boost."""
        return self._directions(wanted=True)

    @cached_property
    def unwanted(self) -> Matrix:
        """The same of the unwanted concepts."""
        return self._directions(wanted=False)

    @cached_property
    def direction(self) -> Matrix | None:
        """Direction of the wanted concepts minus the unwanted (d,), unit length; None for none."""
        total = self.wanted + UNWANTED * self.unwanted
        return unit(total) if total.any() else None

    def _directions(self, *, wanted: bool) -> Matrix:
        total = np.zeros(self.queries.shape[1], np.float32)
        for leaf, affirmed in (one for part, _ in self.parts for one in leaves(part)):
            if isinstance(leaf, Concept) and (affirmed != leaf.faint) == wanted:
                total += leaf.boost * direction_of(self.meanings[leaf], self.queries)
        return total

    @cached_property
    def strongest(self) -> Mapping[Filter, Filter]:
        """For filters that only ask for concepts, a narrower one: images with the most of them."""

        def surely_holds(leaf: Filtering, _: bool) -> Filter:
            assert isinstance(leaf, Concept)
            return present(self.meanings[leaf], SURELY)

        return {
            passing: _filter(part, surely_holds)
            for part, passing in self.parts
            if all(plainly_wanted(*leaf) for leaf in leaves(part))
        }

    def notes(self, space: ConceptSpace) -> list[str]:
        """Notes for the user about meanings that are not obvious."""
        found = (meaning.note(space) for meaning in self.meanings.values())
        read = self.reading.notes if self.reading else ()
        return list(dict.fromkeys([*read, *(note for note in found if note)]))


def make_plan(query: str, tree: Node, context: Context) -> Plan:
    """Plan a query.

    Raises:
        QueryError: `text:` or `like:` is part of OR or NOT, or a concept or column is unknown.
    """
    dense, denied, parts = _split(query, normal(tree))
    edits = [edit for part in dense if isinstance(part, Like) for edit in part.edits]
    suppressed = (NoneOf(edit, edit.at) for sign, edit in edits if sign < 0)
    parts = tuple(dict.fromkeys([*parts, *suppressed]))
    rest = AllOf(parts)
    concepts = dict.fromkeys([*concepts_of(rest), *(edit for _, edit in edits)])
    meanings = {concept: meaning(query, concept, context) for concept in concepts}
    columns = {
        one: column_filter(query, one, context.columns, context.values) for one in fields_of(rest)
    }

    def holds(leaf: Filtering, affirmed: bool) -> Filter:
        if isinstance(leaf, Field):
            passing = columns[leaf]
        elif isinstance(leaf, Among):
            passing = HasId(leaf.ids)
        elif leaf.shown:
            said = dict.fromkeys(context.said_as(i) for i in meanings[leaf].meant)
            passing = is_shown(*said)
        elif not affirmed and leaf.is_plain:
            passing = is_surely_shown(*_excluded(meanings[leaf], context.space))
        else:
            passing = _wanted(leaf, meanings[leaf])
        return passing if affirmed else Not(passing)

    def could_hold(leaf: Filtering, affirmed: bool) -> Filter:
        return EVERYTHING if isinstance(leaf, Concept) else holds(leaf, affirmed)

    filters = tuple((part, _filter(part, holds)) for part in parts)
    return Plan(
        filters,
        meanings,
        _filter(rest, could_hold),
        context.activations.queries,
        dense,
        denied,
        kinds={one.name: context.columns[one.name] for one in columns},
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


def _split(
    query: str, tree: Node
) -> tuple[tuple[Text | Like, ...], tuple[Text, ...], tuple[Node, ...]]:
    """Separate the parts that rank (`text:`, `like:`, `NOT text:`) from those that filter."""
    parts = tree.parts if isinstance(tree, AllOf) else (tree,)
    dense = tuple(part for part in parts if isinstance(part, Text | Like))
    denied = tuple(
        part.part for part in parts if isinstance(part, NoneOf) and isinstance(part.part, Text)
    )
    rest = tuple(
        part
        for part in parts
        if not isinstance(part.part if isinstance(part, NoneOf) else part, Text)
        and not isinstance(part, Like)
    )
    for leaf, _ in leaves(AllOf(rest)):
        if isinstance(leaf, Text | Like):
            name = "text:" if isinstance(leaf, Text) else "like:"
            raise QueryError(
                query, leaf.at, f"{name} ranks, so it cannot be part of OR or NOT",
                'join it to the rest with AND, or write NOT text:"..." alone',
            )  # fmt: skip
    return dense, denied, rest


def present(meaning: Resolved, probability: float) -> Filter:
    """Images where a near-synonym is present: its probability times its weight is large enough."""
    if meaning.concept is not None and probability == PRESENT:
        return has(meaning.concept)
    needed = ((i, probability / weight) for i, weight in meaning.synonyms.items())
    return Or(tuple(at_least(i, p) for i, p in needed if p <= 1))


def _excluded(meaning: Resolved, space: ConceptSpace) -> tuple[int, ...]:
    """What a NOT excludes: the concept of a word, or that nearest to it.

    A plural excludes what its singular does, if it is plain which that is: photos of one woman,
    too. With person goes people.
    """
    if meaning.concept is None:
        return (next(iter(meaning.synonyms)),)
    name = space.concepts[meaning.concept]
    singular = (
        one
        for one in singulars(name)
        if space.ids.get(one) in meaning.synonyms or (one in space.ids and name.endswith("men"))
    )
    names = (next(singular, name), *also_called(name))
    return tuple(dict.fromkeys(space.ids[one] for one in names if one in space.ids))


def _wanted(concept: Concept, meaning: Resolved) -> Filter:
    """Images where a concept has the presence that the query asks for."""
    if concept.above is None and concept.below is None:
        return present(meaning, PRESENT)
    bounds: list[Filter] = []
    if concept.above is not None:
        bounds.append(present(meaning, concept.above))
    if concept.below is not None:
        bounds.append(Not(present(meaning, concept.below)))
    return And(tuple(bounds))


def plainly_wanted(leaf: Leaf, affirmed: bool) -> bool:
    """Whether a leaf asks for the presence of a concept, without bounds."""
    return isinstance(leaf, Concept) and affirmed and leaf.is_plain


def _filter(node: Node, passing: Callable[[Filtering, bool], Filter]) -> Filter:
    """Translate a normal tree to a filter, given the filter of each leaf and of its negation."""
    match node:
        case AllOf(parts):
            return And(tuple(_filter(part, passing) for part in parts))
        case AnyOf(parts):
            return Or(tuple(_filter(part, passing) for part in parts))
        case NoneOf(Concept() | Field() | Among() as leaf):
            return passing(leaf, False)
        case Concept() | Field() | Among():
            return passing(node, True)
        case _:
            raise AssertionError(f"{node} does not filter")


def direction_of(meaning: Resolved, towards: Matrix) -> Matrix:
    """The unit vector (d,) of a meaning, from one vector for each concept (c, d)."""
    weights = np.array(list(meaning.synonyms.values()), np.float32)
    return unit(weights @ towards[list(meaning.synonyms)])


def describe(part: Any) -> Any:
    """A filter as plain values, for people and `--json`."""
    if isinstance(part, And | Or):
        name = "all" if isinstance(part, And) else "any"
        return {name: [describe(inner) for inner in part.parts]}
    if isinstance(part, Not):
        return {"not": describe(part.part)}
    fields = {name: getattr(part, name) for name in part.__slots__}
    return {name: value for name, value in fields.items() if value is not None}
