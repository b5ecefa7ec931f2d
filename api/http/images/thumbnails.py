"""Thumbnails: small upright JPEGs of photos, cached in a folder of bounded size."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from splicedex.indexer.sources.base import TRUNCATED
from splicedex.indexer.sources.decoding.opened import Reading
from splicedex.indexer.sources.decoding.shrink import shrink

SIZES = (128, 256, 512, 1024)
"""Available sizes: longest edge in pixels."""
SIZE = ("width", "height")
"""Payload fields with the size of a photo in pixels."""
SPARE = 0.8
"""Share of the cache that stays in use when it is cleared."""


def reading_of(payload: Mapping[str, Any], most_pixels: int) -> Reading:
    """How to read an indexed photo: as it was read when it was indexed.

    Args:
        payload: Its payload, with `SIZE` and `truncated`. The file may have grown since.
        most_pixels: Pixels that a photo may have that was smaller, or whose size is not known.
    """
    sides = [payload.get(name) for name in SIZE]
    known = math.prod(side if isinstance(side, int) else 0 for side in sides)
    return Reading(max(most_pixels, known), tolerant=payload.get(TRUNCATED) is True)


def available_size(size: int) -> int:
    """The smallest of `SIZES` that is at least `size`, or the largest."""
    return next((one for one in SIZES if one >= size), SIZES[-1])


def etag_of(photo: Path, size: int) -> str:
    """A hash of the photo's path, size and time of change, and of the thumbnail's size.

    Raises:
        OSError: The photo does not exist.
    """
    status = photo.stat()
    identity = f"{photo}\0{status.st_size}\0{status.st_mtime_ns}\0{size}"
    return hashlib.blake2b(identity.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


class Thumbnails:
    """A cache of thumbnails in a folder of bounded size; thread-safe.

    Args:
        folder: Folder of the cache, created when needed. If it is not writable, nothing is cached.
        room: Largest size in bytes.
    """

    def __init__(self, folder: Path, room: int) -> None:
        self._folder = folder
        self._room = room
        self._lock = threading.Lock()
        self._used: int | None = None

    def get(self, photo: Path, size: int, tag: str, reading: Reading) -> bytes:
        """The thumbnail of a photo.

        Args:
            photo: The file.
            size: One of `SIZES`.
            tag: The result of `etag_of`.
            reading: How to read the photo.

        Raises:
            UserError: The photo cannot be read.
        """
        file = self._folder / tag[:2] / f"{tag}.jpg"
        with suppress(OSError):
            content = file.read_bytes()
            os.utime(file)  # recently used files stay longest
            return content
        content = shrink(photo, size, reading)
        with suppress(OSError):
            self._save(file, content)
        return content

    def _save(self, file: Path, content: bytes) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=file.parent)
        with os.fdopen(handle, "wb") as opened:
            opened.write(content)
        Path(partial).replace(file)
        with self._lock:
            if self._used is None:
                self._used = sum(size for _, size, _ in self._files())
            else:
                self._used += len(content)
            if self._used > self._room:
                self._used = self._clear()

    def _clear(self) -> int:
        """Delete the least recently used files; returns the size of the rest in bytes."""
        files = sorted(self._files())
        used = sum(size for _, size, _ in files)
        for _, size, file in files:
            if used <= SPARE * self._room:
                break
            file.unlink(missing_ok=True)
            used -= size
        return used

    def _files(self) -> list[tuple[float, int, Path]]:
        found = []
        for file in self._folder.glob("*/*"):
            with suppress(OSError):
                status = file.stat()
                found.append((status.st_mtime, status.st_size, file))
        return found
