"""Thumbnails: small JPEGs of photos, upright, made once and kept in a bounded folder."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from splicedex.indexer.sources.decode import Photo, decode
from splicedex.splice.errors import UserError

SIZES = (128, 256, 512, 1024)
"""Longest edges there are, in pixels."""
QUALITY = 82
SPARE = 0.8
"""Share of the room that is left in use when it has to be cleared."""


@dataclass(frozen=True)
class Shrink:
    """Turns an image into the bytes of a JPEG of bounded size, as an array.

    Args:
        size: Longest edge in pixels.
        most_pixels: Images larger than this are refused.
    """

    size: int
    most_pixels: int

    def __call__(self, image: Image.Image) -> NDArray[np.uint8]:
        """The JPEG's bytes (n,)."""
        image.thumbnail((self.size, self.size), Image.Resampling.BICUBIC, reducing_gap=2.0)
        written = io.BytesIO()
        image.save(written, "JPEG", quality=QUALITY, optimize=True)
        return np.frombuffer(written.getvalue(), np.uint8)


def shrink(photo: Path, size: int, most_pixels: int) -> bytes:
    """A thumbnail of a photo as the bytes of a JPEG.

    Raises:
        UserError: The photo cannot be read.
    """
    small = decode(photo, Shrink(size, most_pixels))
    if not isinstance(small, Photo):
        raise UserError(f"the photo cannot be read ({small.reason})", "index the folder again")
    return small.pixels.tobytes()


def step(size: int) -> int:
    """The smallest size that there is of at least `size`, or the largest."""
    return next((one for one in SIZES if one >= size), SIZES[-1])


def tag_of(photo: Path, size: int) -> str:
    """What tells a thumbnail from any other: the photo, as it is now, and the size.

    Raises:
        OSError: The photo is away.
    """
    status = photo.stat()
    told = f"{photo}\0{status.st_size}\0{status.st_mtime_ns}\0{size}"
    return hashlib.blake2b(told.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


class Thumbnails:
    """A folder of thumbnails that stays within bounds; safe to share among threads.

    Args:
        folder: Made when first needed; if it cannot be written, nothing is kept.
        room: Bytes it may hold.
        most_pixels: Larger photos are refused.
    """

    def __init__(self, folder: Path, room: int, most_pixels: int) -> None:
        self._folder = folder
        self._room = room
        self._most_pixels = most_pixels
        self._lock = threading.Lock()
        self._used: int | None = None

    def get(self, photo: Path, size: int, tag: str) -> bytes:
        """The thumbnail of a photo.

        Args:
            photo: The file.
            size: One of `SIZES`.
            tag: As `tag_of` gives it.

        Raises:
            UserError: The photo cannot be read.
        """
        file = self._folder / tag[:2] / f"{tag}.jpg"
        with suppress(OSError):
            content = file.read_bytes()
            os.utime(file)  # what is looked at stays
            return content
        content = shrink(photo, size, self._most_pixels)
        with suppress(OSError):
            self._keep(file, content)
        return content

    def _keep(self, file: Path, content: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
        Path(partial).replace(file)
        with self._lock:
            if self._used is None:
                self._used = sum(size for _, size, _ in self._kept())
            else:
                self._used += len(content)
            if self._used > self._room:
                self._used = self._clear()

    def _clear(self) -> int:
        """Drop what was not looked at for longest; gives what is left, in bytes."""
        kept = sorted(self._kept())
        used = sum(size for _, size, _ in kept)
        for _, size, file in kept:
            if used <= SPARE * self._room:
                break
            file.unlink(missing_ok=True)
            used -= size
        return used

    def _kept(self) -> list[tuple[float, int, Path]]:
        found = []
        for file in self._folder.glob("*/*"):
            with suppress(OSError):
                status = file.stat()
                found.append((status.st_mtime, status.st_size, file))
        return found
