"""Families: concepts that name one thing count as one, so that a plural does not split a count.

Each family is counted by its head, the member that most images have: a concept counts as present by
itself or by its kin, as in the query language, so the head has the images of its other names too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from splicedex.search.query.resolve import inflections
from splicedex.splice.dictionary.space import ConceptSpace

SAME = 0.85
"""Cosine in aligned space from which two concepts are one thing by two names."""
INFLECTED = 0.65
"""The same for two forms of one word; below it they are different things (short, shorts)."""
_ROWS = 1024


@dataclass(frozen=True, eq=False)
class Families:
    """A partition of the concepts of a space.

    Args:
        space: The space.
        members: Concept ids by family, each concept in exactly one.
        of: The family of each concept (c,).
    """

    space: ConceptSpace
    members: tuple[tuple[int, ...], ...]
    of: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.members)

    def names(self, concept: int) -> tuple[str, ...]:
        """What the family of a concept is called, that one first."""
        others = [i for i in self.members[self.of[concept]] if i != concept]
        return tuple(self.space.concepts[i] for i in (concept, *others))

    def heads(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """The commonest concept of each family (g,), by images of each concept (c,)."""
        order = np.lexsort((np.arange(len(counts)), -counts, self.of))
        firsts = np.flatnonzero(np.diff(self.of[order], prepend=-1))
        heads: NDArray[np.int64] = order[firsts]
        return heads

    def total(self, values: csr_array) -> csr_array:
        """Sums (n, g) over the members of values (n, c)."""
        ones, rows = np.ones(len(self.of)), np.arange(len(self.of) + 1)
        belongs = csr_array((ones, self.of, rows), shape=(len(self.of), len(self)))
        return csr_array(values @ belongs)


@lru_cache(maxsize=4)
def families(space: ConceptSpace) -> Families:
    """Group a space's concepts: forms of one word, and names that mean the same.

    Closest pairs join first, and two groups join only if every pair between them would (complete
    linkage), so that no chain of near things makes one of far ones.
    """
    pairs = {(a, b): cosine for a, b, cosine in (*_near(space), *_inflected(space))}
    group = {i: [i] for i in range(len(space.concepts))}
    for a, b in sorted(pairs, key=lambda pair: (-pairs[pair], pair)):
        ours, theirs = group[a], group[b]
        crossing = ((min(i, j), max(i, j)) for i in ours for j in theirs)
        if ours is not theirs and all(pair in pairs for pair in crossing):
            ours.extend(theirs)
            group.update(dict.fromkeys(theirs, ours))
    members = tuple(tuple(sorted(ids)) for i, ids in group.items() if i == min(ids))
    of = np.empty(len(space.concepts), np.int64)
    for family, ids in enumerate(members):
        of[list(ids)] = family
    return Families(space, members, of)


def _near(space: ConceptSpace) -> Iterator[tuple[int, int, float]]:
    for start in range(0, len(space.atoms), _ROWS):
        cosines = space.atoms[start : start + _ROWS] @ space.atoms.T
        for row, other in zip(*np.nonzero(cosines >= SAME), strict=True):
            if start + row < other:
                yield int(start + row), int(other), float(cosines[row, other])


def _inflected(space: ConceptSpace) -> Iterator[tuple[int, int, float]]:
    for name, i in space.ids.items():
        for form in inflections(name):
            j = space.ids.get(form, i)
            cosine = float(space.atoms[i] @ space.atoms[j])
            if i != j and cosine >= INFLECTED:
                yield min(i, j), max(i, j), cosine


def query_of(name: str) -> str:
    """A query, in the language, for the images where a concept counts as present."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'
