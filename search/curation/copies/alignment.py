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
_STEPS, _CHANGE = 40, 1e-4
_SMOOTH = 5
"""Pixels of the filter that makes the first steps find their way."""
_DETAIL = 2.0
"""Detail is what is smaller than this many pixels: the rest is blurred away and subtracted."""
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
    whole: NDArray[Any], part: NDArray[Any], way: Symmetry, guess: Window
) -> Alignment | None:
    """Find where a picture lies in another one, starting from a guess.

    The correlation is raised step by step (ECC: Evangelidis and Psarakis 2008).

    Args:
        whole: Grey levels (h, w) of one picture.
        part: Grey levels of the other.
        way: How the part is turned and mirrored.
        guess: Where it lies, roughly.

    Returns:
        How it lies; None if no place is found.
    """
    part = way.undo(part)
    scale = min(
        1.0,
        SIDE / max(part.shape),
        guess.width * whole.shape[1] / part.shape[1],
        guess.height * whole.shape[0] / part.shape[0],
    )
    width, height = (max(1, round(side * scale)) for side in part.shape[::-1])
    if min(width, height) < _LEAST:
        return None
    part = _resized(part, width, height)
    whole = _resized(whole, round(width / guess.width), round(height / guess.height))
    warp = np.array(
        [[1, 0, guess.x * whole.shape[1]], [0, 1, guess.y * whole.shape[0]]], np.float32
    )
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _STEPS, _CHANGE)
    all_ = np.ones(whole.shape, np.uint8)
    try:
        _, found = cv2.findTransformECC(part, whole, warp, cv2.MOTION_AFFINE, stop, all_, _SMOOTH)
    except cv2.error:  # the steps lead nowhere
        return None
    warp = np.asarray(found, np.float32)
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
