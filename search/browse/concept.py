"""The page of a concept: its near-synonyms and the concepts that often occur with it."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.indexer.store.index import Index
from splicedex.indexer.store.presence_payload import at_least
from splicedex.search.browse.concept_frequency import FrequencyCache, images_with
from splicedex.search.browse.facets import ConceptFacet, together
from splicedex.search.query.plan import present
from splicedex.search.query.resolve import Encode, resolve
from splicedex.splice.presence.calibration import PRESENT


@dataclass(frozen=True, slots=True)
class Member:
    """A near-synonym with its weight in (0, 1] and the number of images that have it."""

    concept: str
    weight: float
    images: int


@dataclass(frozen=True, slots=True)
class ConceptPage:
    """What an index says of a concept.

    Args:
        concept: The name to show.
        images: Number of images that have the concept or a near-synonym.
        share: The same as a fraction of all images.
        synonyms: The concept and its near-synonyms, nearest first.
        together: Concepts that the same images have, largest lift first.
    """

    concept: str
    images: int
    share: float
    synonyms: tuple[Member, ...]
    together: tuple[ConceptFacet, ...]


def concept_page(
    index: Index, word: str, frequencies: FrequencyCache, *, encode: Encode | None, limit: int
) -> ConceptPage:
    """The page of a concept.

    Args:
        index: The open index.
        word: A concept, or a word that resolves to concepts.
        frequencies: The frequency cache of the same index.
        encode: The text encoder; None if the model has none.
        limit: Maximum number of concepts in `together`.

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
