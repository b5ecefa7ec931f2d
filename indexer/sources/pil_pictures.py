"""PIL images as pictures. They go through memory as PNG, so that they are read as any photo."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageOps

STORED = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})
"""Modes that PNG has."""


class PilPictures:
    """PIL images.

    Args:
        images: The images.
    """

    def __init__(self, images: Sequence[Image.Image]) -> None:
        self._images = images

    def __len__(self) -> int:
        return len(self._images)

    def content(self, number: int) -> bytes:
        """The image as PNG, upright."""
        image = ImageOps.exif_transpose(self._images[number])
        if image.mode not in STORED:
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        written = io.BytesIO()
        image.save(written, "PNG", compress_level=1)
        return written.getvalue()

    def state(self, number: int) -> bytes:
        """A hash of the pixels."""
        image = self._images[number]
        digest = hashlib.blake2b(f"{image.mode} {image.size}".encode(), digest_size=16)
        digest.update(image.tobytes())
        return digest.digest()

    def file(self, number: int) -> Path | None:
        """The file that the image was opened from, if it is there."""
        return file_of(self._images[number])


def file_of(image: Image.Image) -> Path | None:
    """The file that a PIL image was opened from; None if there is none."""
    name = getattr(image, "filename", "")
    file = Path(name).absolute() if name else None
    return file if file is not None and file.is_file() else None
