"""What goes wherever a query goes: its text, a `Query`, a `View`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from splicedex.search.query.nodes import Node


class Asking(Protocol):
    """What has the tree of a query: a `Query`, or a `View`."""

    @property
    def tree(self) -> Node:
        """The tree."""


def asked(query: str | Asking) -> str:
    """A query as functions of `search` take it.

    Args:
        query: Its text, a `Query` or a `View`.
    """
    if isinstance(query, str):
        return query
    from splicedex.search.query.asked import Asked

    return Asked(query.tree)
