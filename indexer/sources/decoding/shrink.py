"""Small pictures of photos, as the bytes of a JPEG."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from splicedex.indexer.sources.decoding.decode import Photo, decode
from splicedex.indexer.sources.decoding.opened import Reading
from splicedex.splice.errors import UserError

QUALITY = 82


@dataclass(frozen=True)
class Shrink:
    """Converts an image to a JPEG of bounded size.

    Args:
        size: Longest edge in pixels.
    """

    size: int

    def __call__(self, image: Image.Image) -> NDArray[np.uint8]:
        """The bytes of the JPEG (n,)."""
        image.thumbnail((self.size, self.size), Image.Resampling.BICUBIC, reducing_gap=2.0)
        written = io.BytesIO()
        image.save(written, "JPEG", quality=QUALITY, optimize=True)
        return np.frombuffer(written.getvalue(), np.uint8)


def shrink(photo: Path, size: int, reading: Reading) -> bytes:
    """A thumbnail of a photo as the bytes of a JPEG.

    Args:
        photo: The file.
        size: Longest edge in pixels.
        reading: How to read it.

    Raises:
        UserError: The photo cannot be read.
    """
    small = decode(photo, Shrink(size), reading)
    if not isinstance(small, Photo):
        raise UserError(f"the photo cannot be read ({small.reason})", "index the folder again")
    return small.pixels.tobytes()
