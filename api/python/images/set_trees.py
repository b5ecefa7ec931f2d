"""Set algebra with the trees of queries."""

from __future__ import annotations

from dataclasses import replace

from splicedex.search.query.nodes import AllOf, AnyOf, Concept, Node, NoneOf
from splicedex.search.query.normalize import leaves, normal
from splicedex.splice.presence.calibration import PRESENT

EVERYTHING = AllOf(())
"""The tree of every image."""


def parts_of(node: Node) -> tuple[Node, ...]:
    """The trees that must all hold for a tree to hold."""
    return node.parts if isinstance(node, AllOf) else (node,)


def either(one: Node, two: Node) -> Node:
    """The tree for the images that one of two trees finds, or both."""
    parts = (
        part for node in (one, two) for part in (node.parts if isinstance(node, AnyOf) else (node,))
    )
    return EVERYTHING if EVERYTHING in (one, two) else AnyOf(tuple(parts))


def bounded(node: Node) -> Node:
    """The same tree, with `dog` as `dog>=0.25`, which finds the same images."""
    match node:
        case NoneOf(part):
            return replace(node, part=bounded(part))
        case AllOf(parts) | AnyOf(parts):
            return replace(node, parts=tuple(map(bounded, parts)))
        case Concept() if node.is_plain:
            return replace(node, above=PRESENT)
    return node


def opposite(node: Node) -> Node | None:
    """The tree for all images that a tree does not find; None if the language has none.

    In the language `NOT dog` leaves out what surely shows a dog. The opposite of a set is exact, so
    it needs a bound, and what has such a NOT in itself has no opposite.
    """
    for leaf, affirmed in leaves(normal(node)):
        if isinstance(leaf, Concept) and leaf.is_plain and not affirmed:
            return None
    found = bounded(node)
    return found.part if isinstance(found, NoneOf) else NoneOf(found, 0)
