"""Selections: some images of a subset, chosen at random or one by one."""

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
        query: The query of the subset; empty for every image.
        images: How many images the subset has.
        chosen: The images that were chosen.
    """

    query: str
    images: int
    chosen: tuple[Example, ...]


def random_key(id_: str, seed: int) -> bytes:
    """A random key of an image, which depends on its id and the seed alone.

    So images that are added or removed do not change the keys of the others.
    """
    return blake2b(id_.encode(), digest_size=8, key=seed.to_bytes(8, "big")).digest()


def draw(ids: Iterable[str], count: int, seed: int) -> list[str]:
    """The `count` ids with the lowest random keys: a uniform sample without replacement."""
    return heapq.nsmallest(count, ids, key=lambda id_: random_key(id_, seed))


def named(index: Index, ids: Iterable[str]) -> tuple[Example, ...]:
    """Images by id, with their paths, in the order of the ids."""
    found = []
    for block in blocks(ids):
        hits = index.engine.retrieve(block, with_payload=("path",))
        found += [Example(hit.id, hit.payload["path"]) for hit in hits]
    return tuple(found)
