"""Where in one picture another one was cut out, from their fingerprints alone.

A fingerprint is a smooth picture: the sum of its cosines. The fingerprint of any window of it is a
linear map of its coefficients, one for the rows and one for the columns. So all windows of a grid
are compared with a crop by matrix products.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.payload.fingerprint import KEPT, SIDE, WEIGHTS, cosines
from splicedex.search.curation.copies.symmetry import SYMMETRIES

LENGTHS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.68)
"""Lengths of the sides of windows, as shares of the picture's."""
STEP = 0.06
"""Largest distance of neighbouring windows."""
STRETCH = 0.12
"""Most by which the shares of a window's width and height differ."""
LOW = 8
"""Coefficients of each side that are compared: a window between two of the grid is off by more of a
period in the higher ones."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a picture, in shares of its width and height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Its share of the picture's area."""
        return self.width * self.height


WHOLE = Window(0, 0, 1, 1)


def best_windows(
    whole: NDArray[Any], parts: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """For each of some pictures, the window of another one that it may have been cut from.

    Args:
        whole: Weighted coefficients (k, k) of the picture with the windows.
        parts: Weighted coefficients (n, k, k) of the others.

    Returns:
        The best cosine (n,); its row (n,) in `grid()`; its symmetry (n,).
    """
    maps, rows, columns = _maps()
    seen = maps @ (whole / WEIGHTS)
    views = np.einsum("wik,wjk->wij", seen[rows], maps[columns]) * WEIGHTS[:LOW, :LOW]
    views = _unit(views)
    low = parts[:, :LOW, :LOW]
    turned = np.stack([_unit(way.undo_coefficients(low)) for way in SYMMETRIES], axis=1)
    cosines_ = views @ turned.reshape(-1, LOW * LOW).T
    cosines_ = cosines_.reshape(len(views), len(parts), len(SYMMETRIES))
    by_window = cosines_.transpose(1, 0, 2).reshape(len(parts), -1)
    best = by_window.argmax(axis=1)
    window, way = np.divmod(best, len(SYMMETRIES))
    return by_window.max(axis=1), window, way


@cache
def grid() -> tuple[Window, ...]:
    """The windows that are compared."""
    spans = _spans()
    _, rows, columns = _maps()
    return tuple(
        Window(spans[c][0], spans[r][0], spans[c][1], spans[r][1])
        for r, c in zip(rows.tolist(), columns.tolist(), strict=True)
    )


def _unit(pictures: NDArray[Any]) -> NDArray[Any]:
    """Pictures (n, LOW, LOW) as unit vectors (n, LOW²), without their brightness."""
    flat = np.ascontiguousarray(pictures).reshape(len(pictures), -1).copy()
    flat[:, 0] = 0
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    # An empty part of a picture would match anything.
    unit: NDArray[Any] = np.where(lengths > _EMPTY, flat / np.maximum(lengths, _EMPTY), 0)
    return unit


_EMPTY = 0.1
"""Length of a window's coefficients, where that of the whole is 1, below which it shows nothing."""


@cache
def _spans() -> list[tuple[float, float]]:
    """Start and length of the windows of one side."""
    return [
        (float(start), length)
        for length in LENGTHS
        for start in np.linspace(0, 1 - length, 1 + int(np.ceil((1 - length) / STEP - 1e-9)))
    ]


@cache
def _maps() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Maps (s, LOW, KEPT) of coefficients to those of spans; span of the rows and columns (w,)."""
    points = (np.arange(SIDE) + 0.5) / SIDE
    back = cosines(points)[:, :LOW].T
    maps = np.stack([back @ cosines(start + length * points) for start, length in _spans()])
    lengths = np.array([length for _, length in _spans()])
    rows, columns = np.nonzero(np.abs(lengths[:, None] - lengths) <= STRETCH)
    assert maps.shape[1:] == (LOW, KEPT)
    return maps, rows, columns
