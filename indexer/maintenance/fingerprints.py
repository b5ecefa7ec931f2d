"""Computes the fingerprints that images of an index lack, from their files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from splicedex.indexer.maintenance.verify import Progress
from splicedex.indexer.payload.fingerprint import FIELD
from splicedex.indexer.sources.base import blocks
from splicedex.indexer.sources.decoding.decode import Photo
from splicedex.indexer.sources.decoding.opened import AGAIN
from splicedex.indexer.sources.decoding.pool import read_photos
from splicedex.indexer.sources.location import to_path
from splicedex.indexer.store.index import Index

_FIELDS = ("path", "location", "content_hash", "bytes", FIELD)
_BLOCK = 256


class NoPixels:
    """A preprocessing for readers that want the fingerprint only; see `decode`."""

    size = 224
    """JPEGs are decoded at twice this size, as for most encoders."""

    def __call__(self, _: Image.Image) -> NDArray[Any]:
        """Nothing."""
        return np.empty(0)


def add_fingerprints(index: Index, on_progress: Progress = lambda *_: None) -> int:
    """Give fingerprints to the images that have none and whose files are still what was indexed.

    Args:
        index: Open index.
        on_progress: Called after every block of files.

    Returns:
        How many images still have none.
    """
    lacking = [hit for hit in index.engine.scroll(with_payload=_FIELDS) if FIELD not in hit.payload]
    there = [(hit.id, hit.payload, file) for hit in lacking if (file := _file(hit.payload))]
    if not there:
        return len(lacking)
    added = done = 0
    read = read_photos([file for *_, file in there], NoPixels(), reading=AGAIN)
    for block in blocks(zip(there, read, strict=True), _BLOCK):
        found = {
            id_: {FIELD: photo.fingerprint}
            for (id_, payload, _), photo in block
            if isinstance(photo, Photo) and _is_of(photo, payload)
        }
        if found:
            index.engine.set_payloads(found)
        added += len(found)
        done += len(block)
        on_progress(done, len(there))
    return len(lacking) - added


def _file(payload: Mapping[str, Any]) -> Path | None:
    """The file of an image, if it is there."""
    file = to_path(payload)
    try:
        return file if file.is_file() else None
    except (OSError, ValueError):  # the name of an embedding may be no name of a file
        return None


def _is_of(photo: Photo, payload: Mapping[str, Any]) -> bool:
    """Whether a photo is the one that was indexed.

    Of an embedding from a file, which has a hash of its own, the size of its photo is known.
    """
    if (size := payload.get("bytes")) is not None:
        return bool(photo.path.stat().st_size == size)
    return photo.sha256 == payload.get("content_hash")
