"""The perceptual fingerprint of a photo, as one payload field.

It is computed as pHash is: the photo in grey, 32 x 32 pixels, and the lowest 16 x 16 coefficients
of its cosine transform (DCT). pHash keeps only their signs. We keep the coefficients, in steps of
1/127 of the largest, because then the fingerprint of a part of the photo, or of the turned photo,
follows from it. The first coefficient, the brightness, is left out; its place holds the
colourfulness.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

FIELD = "-fingerprint"
"""Payload field. No column of a user starts with `-`."""
SIDE, KEPT = 32, 16
"""Pixels of a side of the small picture, and coefficients kept of each side."""
_FLAT = 1.0
"""Standard deviation of grey levels below which a photo has no fingerprint: it shows nothing."""
_STEPS = 127


def cosines(points: NDArray[Any]) -> NDArray[Any]:
    """The values (n, KEPT) of the basis of the cosine transform at points (n,) between 0 and 1."""
    k = np.arange(KEPT)
    scale = np.where(k == 0, np.sqrt(1 / SIDE), np.sqrt(2 / SIDE))
    values: NDArray[Any] = (np.cos(np.pi * points[:, None] * k) * scale).astype(np.float32)
    return values


_BASIS = cosines((np.arange(SIDE) + 0.5) / SIDE)
_K = np.arange(KEPT)
WEIGHTS = np.sqrt(np.sqrt(1.0 + _K[:, None] ** 2 + _K**2)).astype(np.float32)
"""Factors of the coefficients (KEPT, KEPT): the low ones are largest, and differ least."""


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """The fingerprints of n images.

    Args:
        coefficients: Weighted coefficients (n, KEPT, KEPT) of unit length; 0 where an image has no
            fingerprint.
        colour: Colourfulness (n,), in grey levels; NaN where it is not known.
    """

    coefficients: NDArray[Any]
    colour: NDArray[Any]

    @property
    def known(self) -> NDArray[Any]:
        """Whether each image (n,) has a fingerprint that shows something."""
        found: NDArray[Any] = np.abs(self.coefficients).max(axis=(1, 2), initial=0) > 0
        return found

    @property
    def missing(self) -> NDArray[Any]:
        """Whether each image (n,) has none. A plain image has one, which shows nothing."""
        found: NDArray[Any] = np.isnan(self.colour)
        return found


def fingerprint(image: Image) -> str:
    """The fingerprint of a photo, as text.

    Args:
        image: The photo, upright and in RGB.
    """
    from PIL.Image import Resampling  # here: commands that only read fingerprints need no Pillow

    small = image.resize((SIDE, SIDE), Resampling.LANCZOS, reducing_gap=3.0)
    channels = np.asarray(small, np.float32)
    colour = float(np.ptp(channels, axis=2).mean())
    grey = np.asarray(small.convert("L"), np.float32)
    weighted = (_BASIS.T @ grey @ _BASIS) * WEIGHTS
    weighted[0, 0] = 0
    largest = float(np.abs(weighted).max())
    codes = np.zeros((KEPT, KEPT), np.int8)
    if grey.std() >= _FLAT and largest > 0:
        codes = np.rint(weighted * (_STEPS / largest)).astype(np.int8)
    codes[0, 0] = min(round(colour), _STEPS)
    return base64.b64encode(codes.tobytes()).decode("ascii")


def is_fingerprint(value: Any) -> bool:
    """Whether a payload value can be a fingerprint."""
    return _bytes_of(value) is not None


def unpack(texts: Sequence[Any]) -> Fingerprints:
    """Read fingerprints.

    Args:
        texts: What `fingerprint` returned for each of n images. Anything else counts as none.
    """
    raw = [_bytes_of(text) for text in texts]
    codes = np.frombuffer(b"".join(one or bytes(KEPT**2) for one in raw), np.int8)
    codes = codes.reshape(-1, KEPT, KEPT)
    colour = codes[:, 0, 0].astype(np.float32)
    colour[[one is None for one in raw]] = np.nan
    values = codes.astype(np.float32)
    values[:, 0, 0] = 0
    lengths = np.sqrt((values**2).sum(axis=(1, 2), keepdims=True))
    return Fingerprints(values / np.maximum(lengths, 1), colour)


def _bytes_of(value: Any) -> bytes | None:
    """The codes of a fingerprint; None if it is none."""
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == KEPT**2 else None
