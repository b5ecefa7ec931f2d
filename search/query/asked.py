"""A query that was built as a tree, with its text: it goes wherever the text of a query goes."""

from __future__ import annotations

from splicedex.search.query.nodes import Node
from splicedex.search.query.written import written


class Asked(str):
    """The text of a tree, which is not parsed again. A copy of it is plain text.

    Args:
        tree: The tree.
    """

    tree: Node

    def __new__(cls, tree: Node) -> Asked:
        """Write the tree."""
        made = super().__new__(cls, written(tree))
        made.tree = tree
        return made

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Copy and pickle the text alone."""
        return str, (str(self),)
