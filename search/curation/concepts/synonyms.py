"""Groups of near-synonyms, which count as one concept: a plural does not split a count.

Each group is represented by its head, the member that most images have. In queries a concept counts
as present by itself or by its near-synonyms, so the images of the head include those of its other
names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from splicedex.search.query.reading.word_forms import inflections
from splicedex.splice.dictionary.space import ConceptSpace

SAME = 0.85
"""Least cosine, in aligned space, of two names of one thing."""
INFLECTED = 0.65
"""Least cosine of two forms of one word; below it they name different things (short, shorts)."""
_ROWS = 1024


@dataclass(frozen=True, eq=False)
class SynonymGroups:
    """A partition of the concepts of a space into g groups of near-synonyms.

    Args:
        space: The concept space.
        members: Concept ids of each group; each concept is in exactly one.
        of: The group of each concept (c,).
    """

    space: ConceptSpace
    members: tuple[tuple[int, ...], ...]
    of: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.members)

    def names(self, concept: int) -> tuple[str, ...]:
        """The names of a concept's group, its own name first."""
        others = [i for i in self.members[self.of[concept]] if i != concept]
        return tuple(self.space.concepts[i] for i in (concept, *others))

    def heads(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The most frequent concept of each group.

        Args:
            counts: Images of each concept (c,).

        Returns:
            Concept ids (g,).
        """
        order = np.lexsort((np.arange(len(counts)), -counts, self.of))
        firsts = np.flatnonzero(np.diff(self.of[order], prepend=-1))
        heads: NDArray[np.int64] = order[firsts]
        return heads

    def total(self, values: csr_array) -> csr_array:
        """Sum values (n, c) over the members of each group: (n, g)."""
        ones, rows = np.ones(len(self.of)), np.arange(len(self.of) + 1)
        belongs = csr_array((ones, self.of, rows), shape=(len(self.of), len(self)))
        return csr_array(values @ belongs)


@lru_cache(maxsize=4)
def synonym_groups(space: ConceptSpace) -> SynonymGroups:
    """Group the concepts of a space: forms of one word, and names that mean the same.

    The closest pairs are joined first. Two groups are joined only if all pairs between them are
    close (complete linkage), so that a chain of close pairs does not join distant concepts.
    """
    pairs = {(a, b): cosine for a, b, cosine in (*_same(space), *_inflected(space))}
    group = {i: [i] for i in range(len(space.concepts))}
    for a, b in sorted(pairs, key=lambda pair: (-pairs[pair], pair)):
        one, two = group[a], group[b]
        between = ((min(i, j), max(i, j)) for i in one for j in two)
        if one is not two and all(pair in pairs for pair in between):
            one.extend(two)
            group.update(dict.fromkeys(two, one))
    members = tuple(tuple(sorted(ids)) for i, ids in group.items() if i == min(ids))
    of = np.empty(len(space.concepts), np.int64)
    for number, ids in enumerate(members):
        of[list(ids)] = number
    return SynonymGroups(space, members, of)


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
