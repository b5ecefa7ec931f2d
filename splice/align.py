"""Alignment of CLIP's two cones: centre each modality by its mean (paper, section 4.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def unit(rows: Matrix) -> Matrix:
    """Scale the last axis to length 1; zero vectors stay zero."""
    norms = np.linalg.norm(rows, axis=-1, keepdims=True)
    scaled: Matrix = (rows / np.where(norms == 0, 1, norms)).astype(np.float32, copy=False)
    return scaled


def centre(rows: Matrix, mean: Matrix) -> Matrix:
    """Move unit rows (n, d) by a mean (d,) and renormalise: `unit(z - mean)`."""
    return unit(rows - mean)
