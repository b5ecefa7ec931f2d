"""Alignment of CLIP's image and text cones: centre each by its mean (paper, section 4.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def unit(rows: Matrix) -> Matrix:
    """Scale vectors to length 1.

    Args:
        rows: Vectors (..., d) along the last axis; a zero vector stays zero.

    Returns:
        Unit vectors (..., d), float32.
    """
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: Matrix = (rows / np.where(norms == 0, 1, norms)).astype(np.float32, copy=False)
    return scaled


def centre(rows: Matrix, mean: Matrix) -> Matrix:
    """Subtract a mean and scale to length 1: `unit(z - mean)`.

    Args:
        rows: Unit vectors (n, d).
        mean: Mean of their modality (d,).

    Returns:
        Centred unit vectors (n, d).
    """
    return unit(rows - mean)
