"""Writes a query's tree as text, from which `parse` makes the same tree."""

from __future__ import annotations

from hashlib import blake2b

from splicedex.search.query.lexer import quoted
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


def written(node: Node) -> str:
    """Write a tree in the exact language. All words are in quotes, so that none is interpreted.

    `Among` is not in the language: it is written as something that people can tell apart.

    Args:
        node: The tree; without parts it is every image, and written as nothing.
    """
    return "" if node == AllOf(()) else _written(node)


def _written(node: Node) -> str:
    match node:
        case Concept():
            return _concept(node)
        case Field():
            return f"{node.name}{node.op}{quoted(node.value)}"
        case Text():
            literally = "=" if node.exact else ""
            return f"text:{literally}{quoted(node.text)}{_boost(node.boost)}"
        case Like():
            edits = (f" {'+' if sign > 0 else '-'}{_concept(edit)}" for sign, edit in node.edits)
            return f"like:{quoted(node.path)}{_boost(node.boost)}{''.join(edits)}"
        case Among(ids):
            digest = blake2b("\n".join(ids).encode(), digest_size=4).hexdigest()
            return f"({len(ids):,} images, {digest})"
        case NoneOf(part):
            return f"NOT {_inner(part)}"
        case AllOf(parts):
            return " AND ".join(map(_inner, parts)) or "(every image)"
        case AnyOf(parts):
            return " OR ".join(map(_inner, parts)) or "(no image)"


def _inner(node: Node) -> str:
    text = _written(node)
    return f"({text})" if isinstance(node, AllOf | AnyOf) and node.parts else text


def _concept(node: Concept) -> str:
    name = quoted(node.text)
    if node.shown:
        return f"shows:{name}{_boost(node.boost)}"
    bounds = "".join(
        f"{order}{decimal(bound)}"
        for order, bound in ((">", node.above), ("<", node.below))
        if bound is not None
    )
    return f"{'=' if node.exact else ''}{name}{bounds}{_boost(node.boost)}"


def _boost(boost: float) -> str:
    return "" if boost == 1 else f"^{decimal(boost)}"


def decimal(number: float) -> str:
    """A number with all its digits and without an exponent.

    Args:
        number: A finite number.
    """
    from decimal import Decimal  # few queries need it

    return format(Decimal(repr(number)).normalize(), "f")
