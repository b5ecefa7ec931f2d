"""Selections: some images of a subset, drawn or picked out."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

from splicedex.indexer.sources.base import blocks
from splicedex.indexer.store.index import Index
from splicedex.search.curation.subsets.subset import Example


@dataclass(frozen=True, slots=True)
class Selection:
    """Some images of a subset.

    Args:
        query: The subset; empty for every image.
        images: How many it has.
        chosen: Those that were chosen.
    """

    query: str
    images: int
    chosen: tuple[Example, ...]


def lot(id_: str, seed: int) -> bytes:
    """What an image drew: of the image and the seed alone.

    Other images coming or going change nothing for those that stay.
    """
    return blake2b(id_.encode(), digest_size=8, key=seed.to_bytes(8, "big")).digest()


def draw(ids: Iterable[str], count: int, seed: int) -> list[str]:
    """The `count` ids with the lowest lots: a uniform sample without replacement."""
    return heapq.nsmallest(count, ids, key=lambda id_: lot(id_, seed))


def named(index: Index, ids: Iterable[str]) -> tuple[Example, ...]:
    """Images by id, in that order, with their names."""
    found = []
    for block in blocks(ids):
        hits = index.engine.retrieve(block, with_payload=("path",))
        found += [Example(hit.id, hit.payload["path"]) for hit in hits]
    return tuple(found)
