"""What the readers of all formats return."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

MOST_PIXELS = 178_956_970
"""Pixels that a photo may have, unless the user says otherwise: Pillow's limit."""


@dataclass(frozen=True)
class Reading:
    """How photos are read.

    Args:
        most_pixels: Photos with more pixels are refused before they are decoded.
        tolerant: Whether a file that lacks its end is read as far as it goes.
    """

    most_pixels: int = MOST_PIXELS
    tolerant: bool = False


AGAIN = Reading(sys.maxsize, tolerant=True)
"""How photos of an index are read again: they were let in once."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded photo.

    Args:
        image: Its pixels: RGB with 8 bits per channel, upright, maybe at a smaller scale.
        width: Width of the photo in pixels, as a viewer shows it.
        height: Height of the photo in pixels, as a viewer shows it.
        truncated: Whether the file lacks its end.
    """

    image: Image.Image
    width: int
    height: int
    truncated: bool = False


class Opened(Protocol):
    """A photo whose header was read."""

    size: tuple[int, int]
    """Width and height in pixels, as they are stored: the photo may lie on its side."""

    def picture(self, least: int | None) -> Picture:
        """Decode the photo.

        Args:
            least: Side length in pixels that is enough, so that a decoder may return a smaller
                image; None for the whole photo.

        Raises:
            ValueError: The photo cannot be read. Decoders raise other errors, too.
        """


class UnreadableError(ValueError):
    """A photo cannot be read, but could be with another option.

    Args:
        reason: Why not.
        remedy: The option of `splicedex index` that reads it, and what it does.
    """

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy


class TooLargeError(UnreadableError):
    """A photo has more pixels than are allowed.

    Args:
        pixels: Its number of pixels.
        most: The number that is allowed.
    """

    def __init__(self, pixels: int, most: int) -> None:
        super().__init__(
            f"{pixels:,} pixels, more than the {most:,} allowed",
            f"--max-pixels {math.ceil(pixels / 1e6)}M allows as many",
        )
