"""Where in one picture another one was cut out, from their fingerprints alone.

A fingerprint is a smooth picture: the sum of its cosines. The fingerprint of any window of it is a
linear map of its coefficients, one for the rows and one for the columns. So all windows of a grid
are compared with a crop by matrix products.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.payload.fingerprint import SIDE, WEIGHTS, cosines
from splicedex.search.curation.copies.symmetry import SYMMETRIES

_EMPTY = 0.1
"""Length of a window's coefficients, where that of the whole is 1, below which it shows nothing."""
_STRETCH = 0.3
"""Most by which the shares of a window's width and height differ."""


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


class Grid:
    """Windows that are compared with crops.

    Args:
        lengths: Lengths of their sides, as shares of the picture's.
        step: Largest distance of neighbouring windows.
        low: Coefficients of each side that are compared. A window between two of the grid is off
            by more of a period in the higher ones.
    """

    def __init__(self, lengths: Sequence[float], step: float, low: int) -> None:
        spans = [
            (float(start), length)
            for length in lengths
            for start in np.linspace(0, 1 - length, 1 + int(np.ceil((1 - length) / step - 1e-9)))
        ]
        points = (np.arange(SIDE) + 0.5) / SIDE
        back = cosines(points)[:, :low].T
        sides = np.array([length for _, length in spans])
        self._low = low
        self._maps = np.stack([back @ cosines(start + length * points) for start, length in spans])
        self._rows, self._columns = np.nonzero(np.abs(sides[:, None] - sides) <= _STRETCH)
        self.windows = [
            Window(spans[c][0], spans[r][0], spans[c][1], spans[r][1])
            for r, c in zip(self._rows.tolist(), self._columns.tolist(), strict=True)
        ]

    def ways(self, parts: NDArray[Any]) -> NDArray[Any]:
        """Unit vectors (n, 8, low²) of pictures (n, k, k), turned back in all ways."""
        low = self._low
        small = _unit(parts[:, :low, :low]).reshape(-1, low, low)
        turned = [way.undo_coefficients(small) for way in SYMMETRIES]
        return np.stack(turned, axis=1).reshape(len(parts), len(SYMMETRIES), -1)

    def best(
        self, whole: NDArray[Any], ways: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """For each of some pictures, the window of another one that it may have been cut from.

        Args:
            whole: Weighted coefficients (k, k) of the picture with the windows.
            ways: What `ways` returns for n others.

        Returns:
            The best cosine (n,); its row (n,) in `windows`; its symmetry (n,).
        """
        low = self._low
        seen = self._maps @ (whole / WEIGHTS)
        views = seen[self._rows] @ self._maps.swapaxes(1, 2)[self._columns]
        views = _unit(views * WEIGHTS[:low, :low])
        cosines_ = ways.reshape(-1, low * low) @ views.T
        cosines_ = cosines_.reshape(len(ways), -1)
        way, window = np.divmod(cosines_.argmax(axis=1), len(views))
        return cosines_.max(axis=1), window, way


def _unit(pictures: NDArray[Any]) -> NDArray[Any]:
    """Pictures (n, k, k) as unit vectors (n, k²), without their brightness."""
    flat = np.ascontiguousarray(pictures).reshape(len(pictures), -1).copy()
    flat[:, 0] = 0
    lengths = np.sqrt(np.einsum("nk,nk->n", flat, flat))[:, None]
    # An empty part of a picture would match anything.
    unit: NDArray[Any] = np.where(lengths > _EMPTY, flat / np.maximum(lengths, _EMPTY), 0)
    return unit


@cache
def coarse() -> Grid:
    """Few windows, to rule out most pairs."""
    return Grid((1.0, 0.9, 0.8, 0.7), 0.1, 5)


@cache
def fine() -> Grid:
    """Many windows, to find the right one."""
    return Grid((1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.68), 0.06, 8)
