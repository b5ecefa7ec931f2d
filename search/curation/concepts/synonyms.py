"""Groups of near-synonyms, which count as one concept: a plural does not split a count."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from splicedex.search.query.reading.word_forms import inflections
from splicedex.splice.dictionary.space import ConceptSpace

SAME = 0.85
"""Least cosine, in aligned space, of two names of one thing."""
INFLECTED = 0.65
"""Least cosine of two forms of one word; below it they name different things (short, shorts)."""
_ROWS = 1024


@lru_cache(maxsize=4)
def synonym_groups(space: ConceptSpace) -> NDArray[np.int64]:
    """Group the concepts of a space: forms of one word, and names that mean the same.

    The closest pairs are joined first. Two groups are joined only if all pairs between them are
    close (complete linkage), so that a chain of close pairs does not join distant concepts.

    Returns:
        The group of each concept (c,), read-only.
    """
    pairs = {(a, b): cosine for a, b, cosine in (*_same(space), *_inflected(space))}
    group = {i: [i] for i in range(len(space.concepts))}
    for a, b in sorted(pairs, key=lambda pair: (-pairs[pair], pair)):
        one, two = group[a], group[b]
        between = ((min(i, j), max(i, j)) for i in one for j in two)
        if one is not two and all(pair in pairs for pair in between):
            one.extend(two)
            group.update(dict.fromkeys(two, one))
    of = np.array([min(group[i]) for i in range(len(group))], np.int64)
    of.flags.writeable = False
    return of


def query_for(name: str, *, asked: bool = False) -> str:
    """A query that finds the images that are said to show a concept.

    Args:
        name: The name of the concept.
        asked: Find those in which it is present, if they are asked for it.
    """
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"' if asked else f'shows:"{quoted}"'


def _same(space: ConceptSpace) -> Iterator[tuple[int, int, float]]:
    """Pairs (i, j, cosine), i < j, of names of one thing."""
    for start in range(0, len(space.atoms), _ROWS):
        cosines = space.atoms[start : start + _ROWS] @ space.atoms.T
        for row, other in zip(*np.nonzero(cosines >= SAME), strict=True):
            if start + row < other:
                yield int(start + row), int(other), float(cosines[row, other])


def _inflected(space: ConceptSpace) -> Iterator[tuple[int, int, float]]:
    """Pairs (i, j, cosine), i < j, of forms of one word."""
    for name, i in space.ids.items():
        for form in inflections(name):
            j = space.ids.get(form, i)
            cosine = float(space.atoms[i] @ space.atoms[j])
            if i != j and cosine >= INFLECTED:
                yield min(i, j), max(i, j), cosine
