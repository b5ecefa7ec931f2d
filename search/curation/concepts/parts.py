"""Parts of a subset by what its images show most, for when nobody names them."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from splicedex.indexer.payload.concept_counts import Counts
from splicedex.indexer.store.index import Index
from splicedex.search.browse.concept_frequency import by_count
from splicedex.search.curation.concepts.things import Things
from splicedex.search.curation.subsets.subset import Subset
from splicedex.search.query.resolve import resolve
from splicedex.splice.errors import UserError

MOST = 8
"""Most parts that are found."""
FEWEST = 5
"""Least images of a part."""
NEARLY_ALL = 0.9
"""Share of the images above which a concept does not tell them apart."""
KINDS, OFTEN = 2, 0.1
"""A word is general if this many kinds of it each have this share of its images: "animal" is, if
there are both dogs and cats."""


def shown_parts(index: Index, chosen: Subset) -> list[str]:
    """Queries for the concepts that most images of a subset show, most frequent first.

    Left out are concepts that the query names or that nearly all images show, general words, and
    what is a kind of a concept that was taken, or of which that is a kind.
    """
    counts, things = index.counts.of(chosen.filter), Things.of_index(index)
    taken: list[int] = []
    told = set(things.of[_named(index, chosen)].tolist())
    for concept in by_count(counts):
        if len(taken) == MOST or counts[concept] < FEWEST:
            break
        if counts[concept] > NEARLY_ALL * chosen.images or things.of[concept] in told:
            continue
        kinds = _kinds(index, concept)
        related = any(part in kinds or concept in _kinds(index, part) for part in taken)
        if not related and not _is_general(kinds, counts, int(counts[concept])):
            taken.append(concept)
            told.add(int(things.of[concept]))
    everywhere = index.counts.of()
    return [things.query(int(things.of[concept]), everywhere) for concept in taken]


def _named(index: Index, chosen: Subset) -> list[int]:
    """The concepts that the query of a subset names."""
    found: list[int] = []
    for word in chosen.words:
        with suppress(UserError):
            found += resolve(index.space, word).meant
    return found


def _kinds(index: Index, concept: int) -> list[int]:
    """The kinds of a concept, without itself."""
    kinds = index.lexicon.kinds
    row = kinds.indices[kinds.indptr[concept] : kinds.indptr[concept + 1]]
    return [kind for kind in row.tolist() if kind != concept]


def _is_general(kinds: list[int], counts: Counts, images: int) -> bool:
    """Whether several kinds of a concept have many of its images.

    Args:
        kinds: The kinds.
        counts: Images that show each concept (c,).
        images: Images that show the concept itself.
    """
    return int(np.count_nonzero(counts[kinds] >= OFTEN * images)) >= KINDS
