"""The large entries of a dense matrix, as a sparse one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from splicedex.splice.align import Matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def entries(matrix: Matrix, least: float) -> csr_array:
    """The entries of a matrix (n, c) that are at least `least`; all others are left out."""
    from scipy.sparse import csr_array  # not needed by a search

    flat = np.flatnonzero(matrix >= least)
    starts = np.searchsorted(flat, np.arange(len(matrix) + 1) * matrix.shape[1])
    return csr_array((matrix.ravel()[flat], flat % matrix.shape[1], starts), shape=matrix.shape)
