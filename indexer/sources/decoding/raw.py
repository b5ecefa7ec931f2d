"""Raw files of cameras, read by LibRaw. They need the extra `raw`.

Nearly all hold a preview, a JPEG that the camera made. It looks as the photographer saw it and is
read in a few milliseconds. Where it is missing or too small, the raw data is developed.
"""

from __future__ import annotations

import io
import math

import numpy as np
import rawpy
from PIL import Image

from splicedex.indexer.sources.decoding.opened import Picture, Reading
from splicedex.indexer.sources.decoding.pillow_photo import UPRIGHT, PillowPhoto

_TURNED = {3: 3, 5: 8, 6: 6}
"""EXIF orientations by LibRaw's `flip`."""


class RawPhoto:
    """A raw file.

    Args:
        content: Bytes of the file.
        reading: How to read it.

    Raises:
        ValueError: LibRaw cannot read it.
    """

    def __init__(self, content: bytes, reading: Reading) -> None:
        self._reading = reading
        try:
            self._raw = rawpy.imread(io.BytesIO(content))
        except rawpy.LibRawError as error:
            raise ValueError(f"LibRaw cannot read this RAW photo ({_text(error)})") from error
        sizes = self._raw.sizes
        self._orientation = _TURNED.get(sizes.flip, 1)
        width, height = sizes.width, sizes.height
        self.size = (height, width) if self._orientation >= 5 else (width, height)

    def picture(self, least: int | None) -> Picture:
        """Take the preview if its shorter side has `least` pixels, otherwise develop."""
        with self._raw:
            image = self._preview(least) if least else None
            if image is None:
                image = self._developed(least)
        return Picture(image, *self.size)

    def _preview(self, least: int) -> Image.Image | None:
        """The preview, upright; None if it is missing, broken or too small."""
        try:
            preview = self._raw.extract_thumb()
            if preview.format != rawpy.ThumbFormat.JPEG:
                return self._turned(Image.fromarray(np.asarray(preview.data)), least)
            photo = PillowPhoto(bytes(preview.data), self._reading)
            if math.prod(photo.size) > self._reading.most_pixels:
                return None
            if photo.says_orientation and not self._is_upright(photo.size):
                image = photo.picture(least).image
                return image if min(image.size) >= least else None
            return self._turned(photo.as_stored(least), least)
        except Exception:  # what is left is the raw data itself
            return None

    def _turned(self, image: Image.Image, least: int) -> Image.Image | None:
        """A preview that lies as the sensor did, upright; None if it is too small."""
        if min(image.size) < least:
            return None
        if self._orientation in UPRIGHT and not self._is_upright(image.size):
            image = image.transpose(UPRIGHT[self._orientation])
        return image.convert("RGB")

    def _is_upright(self, size: tuple[int, int]) -> bool:
        """Whether the camera has turned the preview of a photo that it was turned for.

        LibRaw gives every preview the orientation of the photo, also one that stands already.
        """
        on_its_side = self._orientation >= 5
        return on_its_side and (size[1] > size[0]) == (self.size[1] > self.size[0])

    def _developed(self, least: int | None) -> Image.Image:
        """The raw data as an image, at half size where that is enough."""
        half = least is not None and min(self.size) // 2 >= least
        try:
            pixels = self._raw.postprocess(half_size=half, use_camera_wb=True, output_bps=8)
        except rawpy.LibRawError as error:
            raise ValueError(f"LibRaw cannot develop this RAW photo ({_text(error)})") from error
        return Image.fromarray(pixels).convert("RGB")


def _text(error: Exception) -> str:
    """What LibRaw says, as text."""
    said = error.args[0] if error.args else type(error).__name__
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
