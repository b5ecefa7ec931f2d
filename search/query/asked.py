"""A query that was built as a tree, with its text: it goes wherever the text of a query goes."""

from __future__ import annotations

from splicedex.search.query.nodes import Among, Node, Text
from splicedex.search.query.normalize import leaves
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

    @property
    def is_to_be_read(self) -> bool:
        """Whether a sentence in it may deny something, which its text is then read for.

        Chosen images have no text, so beside them a sentence is taken literally.
        """
        found = [leaf for leaf, _ in leaves(self.tree)]
        sentences = any(isinstance(leaf, Text) and not leaf.exact for leaf in found)
        return sentences and not any(isinstance(leaf, Among) for leaf in found)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Copy and pickle the text alone."""
        return str, (str(self),)
