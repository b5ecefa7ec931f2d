"""Lays one picture over another, pixel by pixel, and says how well they agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from splicedex.search.curation.copies.symmetry import Symmetry
from splicedex.search.curation.copies.windows import Window

SIDE = 128
"""Most pixels of the longer side of a picture that is laid over another."""
FINE = 512
"""The same for a second look at pictures that agree: pages of text differ only in their letters."""
_STEPS, _FINE_STEPS, _CHANGE = 40, 12, 1e-4
_SMOOTH = 5
"""Pixels of the filter that makes the first steps find their way."""
_DETAIL = 2.0
"""Detail is what is smaller than this many pixels: the rest is blurred away and subtracted."""
_LARGER = 2.0
"""Factor of the scale from which a second look tells more than the first."""
_LEAST = 12
"""Pixels of the shorter side below which nothing can be laid over anything."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """How a picture lies over the one it may be a copy of.

    Args:
        agreement: Correlation of their grey levels, at most 1.
        detail: Correlation of what is left without the coarse light and shade.
        window: The part of the first picture that the second one shows.
        angle: Degrees that it is turned by, clockwise, besides quarter turns.
    """

    agreement: float
    detail: float
    window: Window
    angle: float


def align(
    whole: NDArray[Any], part: NDArray[Any], way: Symmetry, guess: Window, least: float = 0.0
) -> Alignment | None:
    """Find where a picture lies in another one, starting from a guess.

    The correlation is raised step by step (ECC: Evangelidis and Psarakis 2008), first at a small
    scale. Where the pictures agree there and are larger, they are compared at a larger scale.

    Args:
        whole: Grey levels (h, w) of one picture.
        part: Grey levels of the other.
        way: How the part is turned and mirrored.
        guess: Where it lies, roughly.
        least: Correlation of the details from which pictures are looked at again.

    Returns:
        How it lies; None if no place is found.
    """
    part = way.undo(part)
    small = _scaled(whole, part, guess, SIDE)
    if min(small.part.shape) < _LEAST:
        return None
    x, y = guess.x * small.whole.shape[1], guess.y * small.whole.shape[0]
    warp = _raised(small, np.array([[1, 0, x], [0, 1, y]], np.float32), _STEPS)
    if warp is None:
        return None
    found = _compared(small, warp, way)
    large = _scaled(whole, part, guess, FINE)
    growth = large.part.shape[1] / small.part.shape[1]
    if found is None or found.detail < least or growth < _LARGER:
        return found
    warp = warp * np.array([1, 1, growth], np.float32)
    settled = _raised(large, warp, _FINE_STEPS)
    return _compared(large, warp if settled is None else settled, way)


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two pictures at a common scale.

    Args:
        whole: Grey levels of the whole (h, w).
        part: Grey levels of the part, upright.
    """

    whole: NDArray[Any]
    part: NDArray[Any]


def _scaled(whole: NDArray[Any], part: NDArray[Any], guess: Window, side: int) -> _Pair:
    """Both pictures at the largest scale that they have and at which the part is not too large."""
    scale = min(
        1.0,
        side / max(part.shape),
        guess.width * whole.shape[1] / part.shape[1],
        guess.height * whole.shape[0] / part.shape[0],
    )
    width, height = (max(1, round(length * scale)) for length in part.shape[::-1])
    return _Pair(
        _resized(whole, round(width / guess.width), round(height / guess.height)),
        _resized(part, width, height),
    )


def _raised(pair: _Pair, warp: NDArray[Any], steps: int) -> NDArray[Any] | None:
    """A warp (2, 3) from the part to the whole with a higher correlation; None if there is none."""
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, steps, _CHANGE)
    all_ = np.ones(pair.whole.shape, np.uint8)
    try:
        _, found = cv2.findTransformECC(
            pair.part, pair.whole, warp.astype(np.float32), cv2.MOTION_AFFINE, stop, all_, _SMOOTH
        )
    except cv2.error:  # the steps lead nowhere
        return None
    return np.asarray(found, np.float32)


def _compared(pair: _Pair, warp: NDArray[Any], way: Symmetry) -> Alignment | None:
    """How well pictures agree where a warp lays one over the other; None if it is mostly off."""
    whole, part = pair.whole, pair.part
    height, width = part.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    seen: NDArray[Any] = cv2.warpAffine(whole, warp, (width, height), flags=flags)
    inside = cv2.warpAffine(np.ones_like(whole), warp, (width, height), flags=flags) > 0.99
    if inside.mean() < 0.5:
        return None
    (a, b, x), (c, d, y) = warp.astype(float).tolist()
    window = Window(
        x / whole.shape[1],
        y / whole.shape[0],
        float(np.hypot(a, c)) * width / whole.shape[1],
        float(np.hypot(b, d)) * height / whole.shape[0],
    )
    # The warp leads from the part back to the whole. What was mirrored first turns the other way.
    angle = float(np.degrees(np.arctan2(b - c, a + d))) * (-1 if way.reflected else 1)
    return Alignment(
        _correlation(part[inside], seen[inside]),
        _correlation(_detail(part)[inside], _detail(seen)[inside]),
        window,
        angle,
    )


def _resized(picture: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _detail(picture: NDArray[Any]) -> NDArray[Any]:
    fine: NDArray[Any] = picture - cv2.GaussianBlur(picture, (0, 0), _DETAIL)
    return fine


def _correlation(one: NDArray[Any], other: NDArray[Any]) -> float:
    one, other = one - one.mean(), other - other.mean()
    length = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / length if length else 0.0
