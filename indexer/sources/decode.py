"""One photo: from the bytes of a file to the pixels a tower takes, or the reason why not."""

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

Preprocess: TypeAlias = Callable[[Image.Image], NDArray[Any]]

LARGEST = 1 << 30
"""Bytes; a longer file is no photo."""

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF")
"""Pillow's names of what we read. It knows more, but an EPS named .jpg would run Ghostscript."""

IMPOSTORS = {b"%PDF": "a PDF", b"PK\3\4": "a ZIP archive", b"<": "a web page or other markup"}
"""How files begin that are often found under a photo's name."""

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What puts an image upright, by its EXIF orientation; from 5 on it lies on its side."""
ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that was read.

    Args:
        path: As it was named.
        width: Width as a viewer shows it, in pixels.
        height: Likewise.
        sha256: Hash of the file's bytes, as hexadecimal digits.
        pixels: What the preprocessing made of it.
    """

    path: Path
    width: int
    height: int
    sha256: str
    pixels: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A photo that could not be read, and why, in one line."""

    path: Path
    reason: str


def decode(path: Path, preprocess: Preprocess) -> Photo | Skipped:
    """Read a photo; whatever is wrong with the file is a reason, never an exception.

    Args:
        path: The file.
        preprocess: Gets the image upright and in RGB. If it has a `size` (the tower's input in
            pixels), JPEGs are decoded at 1/2, 1/4 or 1/8 of their resolution, but never below
            twice that size. If it has `most_pixels`, larger images are refused undecoded.
    """
    try:
        content = _read(path)
        # Odd metadata is no reason to worry anybody.
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
            pixels = preprocess(upright)
    except Exception as error:  # decoders raise whatever a broken file makes them raise
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Skipped(path, " ".join(reason.split()))
    return Photo(path, width, height, hashlib.sha256(content).hexdigest(), pixels)


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
            cause = f"not an image but {kinds[0]}" if kinds else "not an image that we can read"
        raise ValueError(cause) from error


@cache
def _formats() -> tuple[str, ...]:
    """Those of `FORMATS` that this installation of Pillow knows; HEIC comes with an extra."""
    with suppress(ModuleNotFoundError):
        importlib.import_module("pillow_heif").register_heif_opener()
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _orientation(image: Image.Image) -> int:
    """EXIF orientation of a loaded image; some decoders have put it upright by then."""
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # broken metadata does not make a photo unreadable
        return 1


def _rgb(image: Image.Image) -> Image.Image:
    """The image in RGB: 8 bits a channel, on white where it is transparent."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in {"I", "F"}:  # no white point is known, so the image's own extremes
        values = np.nan_to_num(np.asarray(image, np.float64), posinf=0, neginf=0)
        values = (values - values.min()) * (255 / max(np.ptp(values), 1e-12))
        return Image.fromarray(values.astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        return white.convert("RGB")
    return image.convert("RGB")
