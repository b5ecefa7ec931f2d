"""A concept's page: what it stands for in an index, and what comes with it."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.indexer.store.index import Index
from splicedex.indexer.store.presence_payload import at_least
from splicedex.search.browse.concept_frequency import Frequencies
from splicedex.search.browse.counts import images_with
from splicedex.search.browse.facets import ConceptFacet, together
from splicedex.search.query.plan import present
from splicedex.search.query.resolve import Encode, resolve
from splicedex.splice.presence.calibration import PRESENT


@dataclass(frozen=True, slots=True)
class Member:
    """A concept that counts for another, as far as its weight in (0, 1], and its images."""

    concept: str
    weight: float
    images: int


@dataclass(frozen=True, slots=True)
class ConceptPage:
    """What a word stands for in an index.

    Args:
        concept: What to call it.
        images: How many images have it, by its whole family.
        share: The same, of all images.
        synonyms: What counts for it, nearest first.
        together: Concepts that its images have too, those most above their usual share first.
    """

    concept: str
    images: int
    share: float
    synonyms: tuple[Member, ...]
    together: tuple[ConceptFacet, ...]


def concept_page(
    index: Index, word: str, frequencies: Frequencies, *, encode: Encode | None, limit: int
) -> ConceptPage:
    """What a word stands for in an index, and what comes with it.

    Args:
        index: Open index.
        word: A concept, or what resolves to some.
        frequencies: Of the same index.
        encode: The text encoder, if there is one.
        limit: At most this many concepts that come with it.

    Raises:
        UserError: The word means nothing here.
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
    share = images / max(frequencies.counts().images, 1)
    return ConceptPage(meaning.name, images, share, synonyms, ordered)
