"""What is read of the images of a subset to find copies among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.payload.fingerprint import FIELD, Fingerprints, unpack
from splicedex.indexer.sources.location import to_path
from splicedex.indexer.store.index import Index
from splicedex.search.curation.subsets.subset import Subset
from splicedex.splice.align import unit

FIELDS = ("path", "location", "content_hash", "width", "height", FIELD)


@dataclass(frozen=True, slots=True)
class Images:
    """The n images of a subset.

    Args:
        ids: Their point ids.
        files: Their files, which may be gone.
        hashes: Hashes of the bytes of their files; of their embeddings, if no file was read.
        pixels: Number of pixels (n,); 0 where it is not known.
        prints: Their fingerprints.
        known: Whether each has a fingerprint (n,).
        vectors: Their embeddings (n, d), unit length; None if they were not read.
    """

    ids: Sequence[str]
    files: Sequence[Path]
    hashes: Sequence[str]
    pixels: NDArray[Any]
    prints: Fingerprints
    known: NDArray[Any]
    vectors: NDArray[Any] | None

    def __len__(self) -> int:
        return len(self.ids)


def read_images(index: Index, chosen: Subset, *, with_vectors: bool) -> Images:
    """Read the images of a subset, in the order of their ids."""
    ids, files, hashes, texts = [], [], [], []
    vectors = np.empty((chosen.images if with_vectors else 0, index.space.dim), np.float32)
    pixels = np.zeros(chosen.images)
    hits = index.engine.scroll(chosen.filter, with_payload=FIELDS, with_dense=with_vectors)
    for row, hit in enumerate(islice(hits, chosen.images)):
        ids.append(hit.id)
        if with_vectors:
            assert hit.dense is not None
            vectors[row] = hit.dense
        files.append(to_path(hit.payload))
        hashes.append(hit.payload.get("content_hash", hit.id))
        texts.append(hit.payload.get(FIELD))
        pixels[row] = area(hit.payload.get("width"), hit.payload.get("height"))
    prints = unpack(texts)
    read = unit(vectors[: len(ids)]) if with_vectors else None
    return Images(ids, files, hashes, pixels[: len(ids)], prints, prints.known, read)


def area(width: object, height: object) -> float:
    """Number of pixels; 0 if a side is unknown."""
    if isinstance(width, int | float) and isinstance(height, int | float):
        return float(width) * float(height)
    return 0.0
