"""The normal form of a query's tree, on which everything after the parser works."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from splicedex.search.query.nodes import (
    AllOf,
    Among,
    AnyOf,
    Concept,
    Field,
    Like,
    Node,
    NoneOf,
    Text,
)

Leaf: TypeAlias = Concept | Field | Text | Like | Among


def normal(node: Node, *, denied: bool = False) -> Node:
    """The same query with NOT only before leaves, flat AND and OR, and no duplicates.

    Args:
        node: Any tree.
        denied: Whether to negate it (by De Morgan's laws).
    """
    match node:
        case NoneOf(part):
            return normal(part, denied=not denied)
        case AllOf() | AnyOf():
            kind = AllOf if isinstance(node, AllOf) != denied else AnyOf
            parts = (normal(part, denied=denied) for part in node.parts)
            flat = (inner for part in parts for inner in _flat(part, kind))
            distinct = tuple(dict.fromkeys(flat))
            return distinct[0] if len(distinct) == 1 else kind(distinct)
        case _:
            return NoneOf(node, getattr(node, "at", 0)) if denied else node


def _flat(node: Node, kind: type[AllOf] | type[AnyOf]) -> tuple[Node, ...]:
    return node.parts if isinstance(node, kind) else (node,)


def leaves(node: Node) -> Iterator[tuple[Leaf, bool]]:
    """The leaves of a normal tree from left to right; each with False if it is negated."""
    match node:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)
        case NoneOf(part):
            for leaf, affirmed in leaves(part):
                yield leaf, not affirmed
        case _:
            yield node, True


def concepts_of(node: Node) -> Iterator[Concept]:
    """The concepts of a normal tree, from left to right."""
    return (leaf for leaf, _ in leaves(node) if isinstance(leaf, Concept))


def fields_of(node: Node) -> Iterator[Field]:
    """The conditions on columns of a normal tree, from left to right."""
    return (leaf for leaf, _ in leaves(node) if isinstance(leaf, Field))


def boost_of(node: Node) -> float:
    """The boost of a part: its weight among the others, by default 1."""
    leaf = node.part if isinstance(node, NoneOf) else node
    return leaf.boost if isinstance(leaf, Concept) else 1.0
