"""How many images have what."""

from __future__ import annotations

from splicedex.indexer.store.concept_counts import concept_facet
from splicedex.indexer.store.index import Index
from splicedex.search.query.plan import present
from splicedex.search.query.resolve import Resolved
from splicedex.splice.presence.calibration import PRESENT


def images_with(index: Index, meaning: Resolved) -> int:
    """How many images have a concept, by presence."""
    return index.engine.count(present(meaning, PRESENT))


def frequent(index: Index, count: int) -> list[tuple[str, int]]:
    """The concepts that explain most images (SpLiCE weight above 0), with how many."""
    names = index.space.concepts
    found = concept_facet(index.engine, "concepts", len(names), None, count)
    return [(names[concept], images) for concept, images in found]
