"""Things: concepts that are told once, whatever their names.

An image is said to show a thing by one name of those that WordNet joins ("sofa" for "couch" too).
Some other names are nearly the same in the concept space ("TV", "television"). They are one thing
as well, and an image that shows several of its names counts once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from splicedex.indexer.engines.query import Filter
from splicedex.indexer.payload.concept_counts import Counts
from splicedex.indexer.payload.shows import is_shown
from splicedex.indexer.store.index import Index
from splicedex.search.curation.concepts.synonyms import query_for, synonym_groups
from splicedex.search.curation.subsets.subset import intersection
from splicedex.splice.align import Matrix
from splicedex.splice.dictionary.space import ConceptSpace


@dataclass(frozen=True, eq=False)
class Things:
    """A partition of c concepts into t things.

    Args:
        space: The concepts.
        frequency: Share of captions that name each concept (c,).
        of: The thing of each concept (c,), from 0 to t - 1.
    """

    space: ConceptSpace
    frequency: Matrix
    of: NDArray[np.int64]

    @classmethod
    def of_index(cls, index: Index) -> Things:
        """The things that images of an index can show."""
        groups, lexicon = synonym_groups(index.space), index.lexicon
        _, of = np.unique(groups[lexicon.names], return_inverse=True)
        return cls(index.space, lexicon.frequency, of)

    def __len__(self) -> int:
        return len(self._members)

    @cached_property
    def _members(self) -> list[NDArray[np.int64]]:
        """The concepts of each thing (t)."""
        order = np.argsort(self.of, kind="stable")
        return np.split(order, np.flatnonzero(np.diff(self.of[order])) + 1)

    def counts(self, index: Index, passing: Filter | None, each: Counts) -> Counts:
        """Number of images (t,) that are said to show each thing, exactly.

        Args:
            index: The open index.
            passing: Count only images that pass; None counts all.
            each: How many of these images show each concept (c,).
        """
        counts = np.bincount(self.of, each, len(self)).astype(np.int64)
        shown = each > 0
        # Where several names are shown, an image may show more than one.
        for thing in np.flatnonzero(np.bincount(self.of, shown, len(self)) > 1).tolist():
            names = [concept for concept in self._members[thing].tolist() if shown[concept]]
            counts[thing] = index.engine.count(intersection(passing, is_shown(*names)))
        return counts

    def total(self, values: csr_array) -> csr_array:
        """Sum values (n, c) over the names of each thing: (n, t)."""
        rows = np.arange(len(self.of) + 1)
        belongs = csr_array((np.ones(len(self.of)), self.of, rows), (len(self.of), len(self)))
        return csr_array(values @ belongs)

    def names(self, thing: int, counts: Counts) -> tuple[str, ...]:
        """All names of a thing: the one that most images show first, then the most frequent word.

        Args:
            thing: The thing.
            counts: Images that show each concept (c,).
        """
        members = self._members[thing]
        order = np.lexsort((members, -self.frequency[members], -counts[members]))
        return tuple(self.space.concepts[concept] for concept in members[order])

    def query(self, thing: int, counts: Counts) -> str:
        """A query that finds the images that show a thing.

        Args:
            thing: The thing.
            counts: Images that show each concept (c,).
        """
        names = self.names(thing, counts)
        shown = int(np.count_nonzero(counts[self._members[thing]]))
        return query_for_any(names[: max(shown, 1)])


def query_for_any(names: Sequence[str]) -> str:
    """A query that finds the images that show a concept of any of some names."""
    queries = [query_for(name) for name in names]
    return queries[0] if len(queries) == 1 else f"({' OR '.join(queries)})"
