"""Decodes one photo: from a file to the pixels that an encoder takes, or the reason why not."""

from __future__ import annotations

import hashlib
import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray
from PIL import Image

from splicedex.indexer.payload.fingerprint import fingerprint
from splicedex.indexer.sources.decoding.open_photo import HEAD, open_photo, refuse_missing
from splicedex.indexer.sources.decoding.opened import Reading, TooLargeError, UnreadableError

Preprocess: TypeAlias = Callable[[Image.Image], NDArray[Any]]

LARGEST = 1 << 30
"""Size limit in bytes: a longer file is not taken for a photo."""
AS_USUAL = Reading()


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
        truncated: Whether the file lacks its end.
    """

    path: Path
    width: int
    height: int
    sha256: str
    pixels: NDArray[Any]
    fingerprint: str
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """A photo that could not be read.

    Args:
        path: The file.
        reason: Why it could not be read, in one line.
        remedy: The option of `splicedex index` that reads it, and what it does; may be empty.
    """

    path: Path
    reason: str
    remedy: str = ""


def decode(path: Path, preprocess: Preprocess, reading: Reading = AS_USUAL) -> Photo | Skipped:
    """Read a photo.

    Args:
        path: The file.
        preprocess: Turns the image, upright and in RGB, into pixels. If it has a `size` (the
            encoder's input in pixels), JPEGs are decoded at 1/2, 1/4 or 1/8 of their resolution,
            but never below twice that size, and the previews of raw files are used.
        reading: Which photos are read, and how.

    Returns:
        The photo, or the reason why it cannot be read. Broken files never raise.
    """
    try:
        return decode_bytes(_read(path), path, preprocess, reading)
    except Exception as error:  # broken files make decoders raise errors of any kind
        return skipped(path, error)


def skipped(path: Path, error: Exception) -> Skipped:
    """Why a photo could not be read, from what its decoder raised."""
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    remedy = error.remedy if isinstance(error, UnreadableError) else ""
    return Skipped(path, " ".join(reason.split()), remedy)


def decode_bytes(
    content: bytes, path: Path, preprocess: Preprocess, reading: Reading = AS_USUAL
) -> Photo:
    """Decode the bytes of a photo; see `decode`.

    Args:
        content: The bytes of its file.
        path: The file, or what to call it; its suffix tells kinds apart that look alike.
        preprocess: Turns the image into pixels.
        reading: Which photos are read, and how.

    Raises:
        Exception: It cannot be decoded. Broken photos make decoders raise errors of any kind.
    """
    # Pillow warns about unusual metadata, which does not matter here.
    with warnings.catch_warnings(action="ignore"):
        opened = open_photo(content, path.suffix.lower(), reading)
        width, height = opened.size
        if width * height > reading.most_pixels:
            raise TooLargeError(width * height, reading.most_pixels)
        picture = opened.picture(getattr(preprocess, "size", None))
        seen = fingerprint(picture.image)  # first: a preprocessing may change the image
        pixels = preprocess(picture.image)
    sha256 = hashlib.sha256(content).hexdigest()
    return Photo(path, picture.width, picture.height, sha256, pixels, seen, picture.truncated)


def _read(path: Path) -> bytes:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise ValueError("a folder that cannot be listed")
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("not a regular file")
    if status.st_size > LARGEST:
        raise ValueError(f"larger than {LARGEST >> 20} MiB")
    with path.open("rb") as file:
        head = file.read(HEAD)
        if not head:
            raise ValueError("empty file")
        refuse_missing(head, path.suffix.lower())
        return head + file.read()
