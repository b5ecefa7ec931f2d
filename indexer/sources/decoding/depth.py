"""Scales 16-bit images to 8 bits, also those that use only 10, 12 or 14 of their bits.

Scanners, microscopes and cameras write 12 bits into 16-bit files: values up to 4,095 of 65,535,
which look black. The true depth is the smallest usual one (8, 10, 12, 14 or 16 bits) that holds the
brightest value. So a photo that has 16 bits and is dark becomes brighter, but nothing is cut off:
its brightest value is at least a quarter of white afterwards, or as bright as before.
"""

from __future__ import annotations

import io
import re
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

DEPTHS = (8, 10, 12, 14, 16)
"""Bits per channel that sensors and files have."""
_MAX_SAMPLE_VALUE = 281
_BITS_PER_SAMPLE = 258
_OTHER_HALF = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
"""Byte orders of Pillow's raw modes (little, big, native), with that which swaps the bytes."""

_DEEP = re.compile("RGBA?;16[LBN]")


def depth_of(image: Image.Image, brightest: int) -> int:
    """The bits that the channels of a 16-bit image use.

    Args:
        image: The image, for its tags: a TIFF may state a depth.
        brightest: Its greatest value.
    """
    tags: Any = getattr(image, "tag_v2", {})
    stated: int = max(_tuple(tags.get(_BITS_PER_SAMPLE, 16)))
    if 8 <= stated < 16:
        return stated
    greatest: int = max(_tuple(tags.get(_MAX_SAMPLE_VALUE, 0)))
    if greatest < 1 << 15:  # otherwise it says nothing: many programs write 65,535
        brightest = max(brightest, greatest)
    return next((bits for bits in DEPTHS if brightest < 1 << bits), 16)


def to_eight_bits(values: NDArray[Any], depth: int) -> NDArray[np.uint8]:
    """Values of a depth in bits as bytes."""
    high: NDArray[np.uint8] = np.minimum(values >> (depth - 8), 255).astype(np.uint8)
    return high


def grey(image: Image.Image) -> Image.Image:
    """A 16-bit grey image in 8 bits."""
    values = np.asarray(image)
    brightest = int(values.max(initial=0))
    return Image.fromarray(to_eight_bits(values, depth_of(image, brightest)))


def brighten(image: Image.Image, content: bytes) -> Image.Image:
    """A colour image that was stored with 16 bits, scaled by the bits that it uses.

    Pillow keeps the high byte of each channel alone. The low bytes are only read where they matter,
    by decoding a second time as if the bytes were swapped.

    Args:
        image: The image as Pillow loaded it: the high bytes.
        content: The file.
    """
    high = np.asarray(image)
    if high[..., :3].max(initial=0) >= 1 << 6:  # 15 or 16 bits
        return image
    with Image.open(io.BytesIO(content), formats=[image.format or ""]) as swapped:
        assert isinstance(swapped, ImageFile.ImageFile)
        swapped.tile = [_swapped(tile) for tile in swapped.tile]
        swapped.load()
        values = (high.astype(np.uint16) << 8) | np.asarray(swapped)
        depth = depth_of(swapped, int(values[..., :3].max(initial=0)))
    scaled = to_eight_bits(values, depth)
    alpha = values[..., 3:]
    if alpha.max(initial=0) >= 1 << depth:  # transparency uses all bits
        scaled[..., 3:] = alpha >> 8
    return Image.fromarray(scaled)


def has_deep_colour(image: Image.Image) -> bool:
    """Whether an opened image has 16 bits per colour channel, of which Pillow keeps 8."""
    tiles = getattr(image, "tile", ())
    return bool(tiles) and all(_DEEP.fullmatch(_raw_mode(tile)) for tile in tiles)


def _raw_mode(tile: Any) -> str:
    """The raw mode of a tile: how its pixels lie in the file."""
    arguments = tile.args
    return str(arguments if isinstance(arguments, str) else (arguments or ("",))[0])


def _swapped(tile: Any) -> Any:
    """A tile with the two bytes of each value swapped."""
    mode = _raw_mode(tile)
    other = mode[:-1] + _OTHER_HALF[mode[-1]]
    arguments = tile.args
    return tile._replace(args=other if isinstance(arguments, str) else (other, *arguments[1:]))


def _tuple(value: Any) -> tuple[int, ...]:
    """The values of a TIFF tag, which may be one number."""
    values = value if isinstance(value, tuple) else (value,)
    return tuple(int(one) for one in values) or (0,)
