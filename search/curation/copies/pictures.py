"""Reads small grey pictures of photos, in child processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from splicedex.indexer.sources.decoding.decode import Photo
from splicedex.indexer.sources.decoding.opened import AGAIN
from splicedex.indexer.sources.decoding.pool import read_photos
from splicedex.search.curation.copies.images import Images

SIDE = 512
"""Most pixels of a side."""


class SmallGrey:
    """Turns an image into a small grey picture; see `decode`."""

    size = SIDE // 2  # JPEGs are decoded at twice that

    def __call__(self, image: Image.Image) -> NDArray[Any]:
        """The grey levels (h, w) of an image in RGB."""
        image.thumbnail((SIDE, SIDE), reducing_gap=2.0)
        return np.asarray(image.convert("L"))


def read_pictures(
    images: Images, wanted: Sequence[Sequence[int]]
) -> Iterator[dict[int, NDArray[Any]]]:
    """Read the pictures of some images after the others.

    Args:
        images: The images.
        wanted: Rows of the images to read together.

    Yields:
        For each of `wanted`, the pictures by row. A photo that is gone or has changed since it was
        indexed is left out.
    """
    files = (images.files[row] for rows in wanted for row in rows)
    results = read_photos(files, SmallGrey(), reading=AGAIN)
    try:
        for rows in wanted:
            found = {}
            for row in rows:
                result = next(results)
                if isinstance(result, Photo) and result.sha256 == images.hashes[row]:
                    found[row] = result.pixels
            yield found
    finally:
        results.close()  # type: ignore[attr-defined]
