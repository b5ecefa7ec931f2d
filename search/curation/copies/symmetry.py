"""The eight ways to turn and mirror a picture: of pixels, and of fingerprints."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.payload.fingerprint import KEPT

_ODD = ((-1.0) ** np.arange(KEPT)).astype(np.float32)
"""A mirrored cosine is the same, with the opposite sign if it is odd."""


@dataclass(frozen=True, slots=True)
class Symmetry:
    """A way to turn and mirror a picture.

    Args:
        transposed: First, rows become columns.
        flipped: Then the picture is mirrored upside down.
        mirrored: Then it is mirrored left to right.
    """

    transposed: bool
    flipped: bool
    mirrored: bool

    def undo(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """The picture (h, w) that becomes this one."""
        if self.flipped:
            pixels = pixels[::-1]
        if self.mirrored:
            pixels = pixels[:, ::-1]
        return np.ascontiguousarray(pixels.T if self.transposed else pixels)

    def undo_coefficients(self, coefficients: NDArray[Any]) -> NDArray[Any]:
        """The coefficients (n, k, k) of the pictures that become those with the given ones."""
        odd = _ODD[: coefficients.shape[-1]]
        if self.flipped:
            coefficients = coefficients * odd[:, None]
        if self.mirrored:
            coefficients = coefficients * odd
        return coefficients.swapaxes(-1, -2) if self.transposed else coefficients

    @property
    def turned(self) -> str:
        """How the picture was turned: "right", "left", "180°", or nothing if it was not."""
        if self.transposed:
            return "left" if self.flipped and not self.mirrored else "right"
        return "180°" if self.flipped and self.mirrored else ""

    @property
    def reflected(self) -> str:
        """How the picture was mirrored after that: nothing if it was not."""
        if (self.transposed + self.flipped + self.mirrored) % 2 == 0:
            return ""
        return "upside down" if self.flipped else "left to right"


SYMMETRIES = tuple(Symmetry(*way) for way in product((False, True), repeat=3))
"""All eight; the first changes nothing."""


def invariants(coefficients: NDArray[Any]) -> NDArray[Any]:
    """Unit vectors (n, d) that are the same for a picture however it is turned and mirrored.

    Mirroring changes signs, turning exchanges rows and columns: so these are the larger and the
    smaller absolute value of each coefficient and its transposed one. Absolute values and sorting
    shorten no cosine: that of two of these vectors is at least the best one of the eight ways.
    """
    size = np.abs(coefficients)
    rows, columns = np.triu_indices(coefficients.shape[-1])
    one, other = size[:, rows, columns], size[:, columns, rows]
    pairs: NDArray[Any] = np.concatenate(
        [np.maximum(one, other), np.where(rows == columns, 0, np.minimum(one, other))], axis=1
    )
    return pairs


def best_symmetry(one: NDArray[Any], other: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The best cosine (n,) of n pairs of fingerprints (n, k, k), and the symmetry (n,) of each.

    The second picture of a pair is the first one, turned so.
    """
    cosines = np.stack(
        [np.einsum("nij,nij->n", one, way.undo_coefficients(other)) for way in SYMMETRIES], axis=1
    )
    return cosines.max(axis=1), cosines.argmax(axis=1)
