"""Lines of a report: near-synonyms and kinds of one another make one line."""

from __future__ import annotations

from collections.abc import Iterable

from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.space import ConceptSpace

SAME_LINE = 0.6
"""Cosine, in aligned space, from which two concepts make one line."""


def lines(space: ConceptSpace, lexicon: Lexicon, concepts: Iterable[int]) -> list[list[int]]:
    """Put concepts on lines.

    Args:
        space: The concept space.
        lexicon: What is known of its words.
        concepts: Ids, the most important first.

    Returns:
        Lines, the most important first. A line starts with its most important concept; the others
        are near-synonyms of that one, kinds of it, or what it is a kind of.
    """
    kinds = lexicon.kinds.tocsr()
    found: list[list[int]] = []
    for concept in concepts:
        for line in found:
            first = line[0]
            if (
                space.atoms[first] @ space.atoms[concept] >= SAME_LINE
                or kinds[first, concept]
                or kinds[concept, first]
            ):
                line.append(concept)
                break
        else:
            found.append([concept])
    return found
