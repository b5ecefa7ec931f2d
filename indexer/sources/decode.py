"""Decodes one photo: from a file to the pixels that an encoder takes, or the reason why not."""

from __future__ import annotations

import hashlib
import importlib
import io
import stat
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from splicedex.indexer.payload.fingerprint import fingerprint

Preprocess: TypeAlias = Callable[[Image.Image], NDArray[Any]]

LARGEST = 1 << 30
"""Size limit in bytes: a longer file is not taken for a photo."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF")
"""Formats that are read, by their names in Pillow. Others are left out because they are unsafe: an
EPS file named .jpg would run Ghostscript."""

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


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that was read.

    Args:
        path: The file.
        width: Width in pixels, as a viewer shows the photo.
        height: Height in pixels, as a viewer shows the photo.
        sha256: SHA-256 hash of the file's bytes, in hexadecimal digits.
        pixels: Result of the preprocessing, usually (3, h, w).
        fingerprint: Its perceptual fingerprint; see `indexer.payload.fingerprint`.
    """

    path: Path
    width: int
    height: int
    sha256: str
    pixels: NDArray[Any]
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A photo that could not be read.

    Args:
        path: The file.
        reason: Why it could not be read, in one line.
    """

    path: Path
    reason: str


def decode(path: Path, preprocess: Preprocess) -> Photo | Skipped:
    """Read a photo.

    Args:
        path: The file.
        preprocess: Turns the image, upright and in RGB, into pixels. If it has a `size` (the
            encoder's input in pixels), JPEGs are decoded at 1/2, 1/4 or 1/8 of their resolution,
            but never below twice that size. If it has `most_pixels`, larger images are refused
            before they are decoded.

    Returns:
        The photo, or the reason why it cannot be read. Broken files never raise.
    """
    try:
        content = _read(path)
        # Pillow warns about unusual metadata, which does not matter here.
        with warnings.catch_warnings(action="ignore"), _open(content) as image:
            width, height = image.size
            most = getattr(preprocess, "most_pixels", None)
            if most is not None and width * height > most:
                raise ValueError(f"{width:,} x {height:,} pixels, more than the {most:,} allowed")
            if size := getattr(preprocess, "size", None):
                image.draft("RGB", (2 * size, 2 * size))
            image.load()
            orientation = _orientation(image)
            if orientation >= 5:
                width, height = height, width
            upright = _rgb(image)
            if orientation in UPRIGHT:
                upright = upright.transpose(UPRIGHT[orientation])
            seen = fingerprint(upright)  # first: a preprocessing may change the image
            pixels = preprocess(upright)
    except Exception as error:  # broken files make decoders raise errors of any kind
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Skipped(path, " ".join(reason.split()))
    return Photo(path, width, height, hashlib.sha256(content).hexdigest(), pixels, seen)


def _read(path: Path) -> bytes:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise ValueError("a folder that cannot be listed")
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("not a regular file")
    if status.st_size > LARGEST:
        raise ValueError(f"larger than {LARGEST >> 20} MiB")
    content = path.read_bytes()
    if not content:
        raise ValueError("empty file")
    return content


def _open(content: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(content), formats=_formats())
    except UnidentifiedImageError as error:
        if content[4:8] == b"ftyp" and "HEIF" not in _formats():
            cause = "a HEIC photo needs pillow-heif: pip install 'splicedex[heic]'"
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


def _orientation(image: Image.Image) -> int:
    """EXIF orientation of a loaded image. Some decoders have put it upright and removed the tag."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # the photo is readable even if its metadata is not
        return 1


def _rgb(image: Image.Image) -> Image.Image:
    """The image in RGB with 8 bits per channel. Transparent parts become white."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in {"I", "F"}:  # no white point is known: use the range of the image
        values = np.nan_to_num(np.asarray(image, np.float64), posinf=0, neginf=0)
        values = (values - values.min()) * (255 / max(np.ptp(values), 1e-12))
        return Image.fromarray(values.astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        return white.convert("RGB")
    return image.convert("RGB")
