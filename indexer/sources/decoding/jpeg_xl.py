"""JPEG XL photos, read by libjxl. They need the extra `jxl`."""

from __future__ import annotations

import pylibjxl
from PIL import Image

from splicedex.indexer.sources.decoding.opened import Picture
from splicedex.indexer.sources.decoding.pillow_photo import on_white


class JpegXlPhoto:
    """A JPEG XL photo. The decoder puts it upright, whatever its EXIF says.

    Args:
        content: Bytes of the file.

    Raises:
        RuntimeError: The header is broken.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        header = pylibjxl.probe(content)
        self.size: tuple[int, int] = (header["width"], header["height"])

    def picture(self, least: int | None) -> Picture:
        """Decode it at its full size; of an animation, the first frame."""
        pixels = pylibjxl.decode(self._content)
        if pixels.ndim == 3 and pixels.shape[2] == 1:
            pixels = pixels[..., 0]
        image = Image.fromarray(pixels)
        if image.has_transparency_data:
            image = on_white(image)
        return Picture(image.convert("RGB"), *image.size)
