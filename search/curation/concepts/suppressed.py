"""Concepts that `classify` and `probe` remove from images to measure how much depends on them."""

from __future__ import annotations

from collections.abc import Sequence

from splicedex.search.query.resolve import resolve
from splicedex.search.searcher import Searcher

NAMED = 3
"""How many of many suppressed concepts a method's name lists."""


def suppressed_ids(searcher: Searcher, words: Sequence[str]) -> tuple[int, ...]:
    """Ids of the concepts that words mean in a query, with their near-synonyms, in order.

    Raises:
        UserError: A word is unknown.
    """
    space, encode = searcher.index.space, searcher.context.encode
    found = {i for word in words for i in resolve(space, word, encode=encode).synonyms}
    return tuple(sorted(found))


def name_without(words: Sequence[str]) -> str:
    """The name of the method that runs without some concepts."""
    if len(words) <= NAMED + 1:
        return f"without {', '.join(words)}"
    return f"without {', '.join(words[:NAMED])} and {len(words) - NAMED} more"
