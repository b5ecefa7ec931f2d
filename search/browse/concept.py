"""The page of a concept: its images, its near-synonyms, and what its images show too.

Its images are those that a query for it finds: who opens the page asks for the concept. What else
is in them is said unasked, and counted as facets are.
"""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.indexer.payload.presence import at_least
from splicedex.indexer.store.index import Index
from splicedex.search.browse.concept_frequency import FrequencyCache, images_with
from splicedex.search.browse.facets import ConceptFacet, together
from splicedex.search.query.plan import present
from splicedex.search.query.resolve import Encode, resolve
from splicedex.splice.presence.calibration import PRESENT


@dataclass(frozen=True, slots=True)
class Member:
    """A near-synonym with its weight in (0, 1] and the number of images where it is present."""

    concept: str
    weight: float
    images: int


@dataclass(frozen=True, slots=True)
class ConceptPage:
    """What a word means in an index.

    Args:
        concept: Its name.
        images: Number of images that a query for it finds.
        share: The same as a share of all images.
        synonyms: The concepts that count as it, nearest first.
        together: Concepts that its images are said to show too, highest lift first.
    """

    concept: str
    images: int
    share: float
    synonyms: tuple[Member, ...]
    together: tuple[ConceptFacet, ...]


def concept_page(
    index: Index, word: str, frequencies: FrequencyCache, *, encode: Encode | None, limit: int
) -> ConceptPage:
    """Find what a word means in an index, and what its images show too.

    Args:
        index: Open index.
        word: A concept, or any word that resolves to concepts.
        frequencies: Concept frequencies of the same index.
        encode: The text encoder, if there is one.
        limit: Maximum number of concepts that its images show too.

    Raises:
        UserError: The word is unknown.
    """
    meaning = resolve(index.space, word, encode=encode)
    images = images_with(index, meaning)
    synonyms = tuple(
        Member(index.space.concepts[i], weight, index.engine.count(at_least(i, PRESENT)))
        for i, weight in meaning.synonyms.items()
    )
    passing = present(meaning, PRESENT)
    common = together(index, passing, images, frequencies, limit, without=set(meaning.synonyms))
    ordered = tuple(sorted(common, key=lambda facet: (-facet.lift, facet.concept)))
    share = images / max(frequencies.current().images, 1)
    return ConceptPage(meaning.name, images, share, synonyms, ordered)
