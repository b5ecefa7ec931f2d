"""Photos of the formats that Pillow reads."""

from __future__ import annotations

import importlib
import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, UnidentifiedImageError

from splicedex.indexer.sources.decoding import depth
from splicedex.indexer.sources.decoding.kinds import NEEDS
from splicedex.indexer.sources.decoding.opened import (
    Picture,
    Reading,
    TooLargeError,
    UnreadableError,
)

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000", "HEIF")
"""Formats that are read, by their names in Pillow. Others are left out because they are unsafe: an
EPS file named .jpg would run Ghostscript."""

HEIC_STARTS = frozenset(b"ftyp" + brand for brand in (b"heic", b"heix", b"heim", b"heis", b"mif1"))
"""Bytes 4 to 11 of HEIC photos. Films have others."""
IMPOSTORS = {b"%PDF": "a PDF", b"PK\3\4": "a ZIP archive", b"<": "a web page or other markup"}
"""First bytes of other files that often have the name of a photo."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transposition that puts an image upright, by its EXIF orientation. From 5 on it swaps width
and height."""
ORIENTATION = 0x0112

LEAST_LEFT = 0.1
"""Share of its pixels that a truncated photo must have; one with fewer shows nothing."""
MCU = 16
"""Rows that a JPEG file holds together: the last ones before the end may be there in part."""
_FLAG = threading.Lock()


class PillowPhoto:
    """A photo that Pillow reads.

    Args:
        content: Bytes of the file.
        reading: How to read it.

    Raises:
        ValueError: It has another format.
    """

    def __init__(self, content: bytes, reading: Reading) -> None:
        self._content = content
        self._reading = reading
        # Pillow's own limit must not refuse what the user allows, not even when it is cropped.
        if Image.MAX_IMAGE_PIXELS is not None and reading.most_pixels > Image.MAX_IMAGE_PIXELS:
            Image.MAX_IMAGE_PIXELS = reading.most_pixels
        try:
            self._image = _open(content)
        except Image.DecompressionBombError as error:
            pixels = re.search(r"\d+", str(error))
            raise TooLargeError(int(pixels[0]) if pixels else 0, reading.most_pixels) from error
        self.size = self._image.size

    @property
    def says_orientation(self) -> bool:
        """Whether its EXIF data says how it is turned. Ask before it is decoded."""
        with suppress(Exception):  # broken metadata says nothing
            return ORIENTATION in self._image.getexif()
        return False

    def picture(self, least: int | None) -> Picture:
        """Decode it; JPEGs at 1/2, 1/4 or 1/8 of their size, but never below twice `least`."""
        width, height = self.size
        with self._image as image:
            deep = depth.has_deep_colour(image)
            try:
                loaded, truncated = _load(image, least), False
            except OSError as error:
                loaded, truncated = self._what_is_left(error, least), True
            orientation = _orientation(loaded)
            if deep and not truncated:
                loaded = depth.brighten(loaded, self._content)
            upright = _rgb(loaded)
        if orientation in UPRIGHT:
            upright = upright.transpose(UPRIGHT[orientation])
        if orientation >= 5:
            width, height = height, width
        return Picture(upright, width, height, truncated)

    def as_stored(self, least: int) -> Image.Image:
        """Decode it as `picture` does, but do not turn it."""
        with self._image as image:
            return _rgb(_load(image, least))

    def _what_is_left(self, error: OSError, least: int | None) -> Image.Image:
        """The image as far as the file goes.

        Raises:
            OSError: Reading so is not wanted.
            ValueError: Nearly nothing is left.
        """
        if not self._reading.tolerant:
            if "truncated" in str(error).lower():
                raise UnreadableError(str(error), "--tolerant reads what is left") from error
            raise error
        for content in _beginnings(self._content):
            with suppress(OSError), _truncated_allowed():
                image = _load(_open(content), least)
                if _share_left(image) >= LEAST_LEFT:
                    return image
        raise ValueError(f"{error}, and nearly nothing is left") from error


def _beginnings(content: bytes) -> Iterator[bytes]:
    """A file that lacks its end, and without a last part that may be of no use.

    A progressive JPEG may end inside a table, and libjpeg gives up there. What is before it is a
    whole picture, if a coarser one.
    """
    yield content
    if content.startswith(b"\xff\xd8"):
        yield content[: max(content.rfind(marker) for marker in (b"\xff\xc4", b"\xff\xda"))]


@contextmanager
def _truncated_allowed() -> Iterator[None]:
    """Let Pillow read files that lack their end. It holds for all threads."""
    with _FLAG:
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = False


def _load(image: Image.Image, least: int | None) -> Image.Image:
    """The image with its pixels."""
    if least:
        image.draft("RGB", (2 * least, 2 * least))
    image.load()
    return image


def _orientation(image: Image.Image) -> int:
    """EXIF orientation of a loaded image. Some decoders have put it upright and removed the tag."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # the photo is readable even if its metadata is not
        return 1


def _open(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=_formats())
    except UnidentifiedImageError as error:
        if content[4:12] in HEIC_STARTS and "HEIF" not in _formats():
            cause = NEEDS["heic"]
        else:
            kinds = [kind for start, kind in IMPOSTORS.items() if content.startswith(start)]
            cause = f"not an image but {kinds[0]}" if kinds else "not an image in a known format"
        raise ValueError(cause) from error


@cache
def _formats() -> tuple[str, ...]:
    """The formats that this installation of Pillow can read. HEIC needs an extra package."""
    with suppress(ModuleNotFoundError):
        importlib.import_module("pillow_heif").register_heif_opener()
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _share_left(image: Image.Image) -> float:
    """The share of the pixels before the end, from where on all have one same colour."""
    pixels = np.asarray(image.convert("RGB"))
    # BMP files begin with the last row.
    return min(_share_before_end(pixels), _share_before_end(pixels[::-1]))


def _share_before_end(pixels: NDArray[np.uint8]) -> float:
    lost = (pixels == pixels[-1, -1]).all(axis=2)
    rows = lost.all(axis=1)[::-1]
    first = 0 if rows.all() else len(rows) - int(np.argmin(rows))
    begun = max(first - MCU, 0)
    return (begun + float((~lost[begun:first]).mean(axis=1).sum())) / len(pixels)


def _rgb(image: Image.Image) -> Image.Image:
    """The image in RGB with 8 bits per channel. Transparent parts become white."""
    if image.mode.startswith("I;16"):
        return depth.grey(image).convert("RGB")
    if image.mode in {"I", "F"}:  # no white point is known: use the range of the image
        values = np.nan_to_num(np.asarray(image, np.float64), posinf=0, neginf=0)
        values = (values - values.min()) * (255 / max(np.ptp(values), 1e-12))
        return Image.fromarray(values.astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        return on_white(image)
    return image if image.mode == "RGB" else image.convert("RGB")  # no copy of a panorama


def on_white(image: Image.Image) -> Image.Image:
    """An image with transparent parts, in RGB before a white background."""
    layer = image if image.mode == "RGBA" else image.convert("RGBA")
    white = Image.new("RGB", image.size, "white")
    white.paste(layer, mask=layer.getchannel("A"))
    return white
