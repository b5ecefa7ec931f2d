"""All pairs of near vectors, exactly, without comparing most of them in full."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from splicedex.search.curation.subsets.reading import Progress, silent
from splicedex.splice.align import Matrix

AXES = 63
"""Principal axes that the short vectors keep."""
ROWS = 2048
"""Rows compared at once."""
_SAMPLE = 8192
_ROUNDING = 1e-5


def near_pairs(
    vectors: Matrix, least: float, on_progress: Progress = silent
) -> Iterator[tuple[int, int, float]]:
    """Pairs (i, j, cosine) of rows, i < j, with at least a given cosine.

    Each vector is shortened to its coordinates on the principal axes and the length of the rest.
    The product of two short vectors is an upper bound of the product of the full ones (by the
    Cauchy-Schwarz inequality on the rest), so only pairs that reach the bound are computed in full.

    Args:
        vectors: Unit rows (n, d).
        least: Least cosine.
        on_progress: Called with rows done and their total.
    """
    short = _shorten(vectors)
    for start in range(0, len(vectors), ROWS):
        block = slice(start, start + ROWS)
        for other in range(start, len(vectors), ROWS):
            bound = short[block] @ short[other : other + ROWS].T
            i, j = np.divmod(np.flatnonzero(bound >= least - _ROUNDING), bound.shape[1])
            i, j = i + start, j + other
            i, j = i[i < j], j[i < j]
            for first in range(0, len(i), ROWS):
                a, b = i[first : first + ROWS], j[first : first + ROWS]
                cosines = np.einsum("nd,nd->n", vectors[a], vectors[b])
                close = np.flatnonzero(cosines >= least)
                yield from zip(
                    a[close].tolist(), b[close].tolist(), cosines[close].tolist(), strict=True
                )
        on_progress(min(start + ROWS, len(vectors)), len(vectors))


def _shorten(vectors: Matrix) -> Matrix:
    """Vectors (n, AXES + 1) whose products are upper bounds of the products of `vectors` (n, d)."""
    sample = vectors[:: max(1, len(vectors) // _SAMPLE)]
    _, axes = np.linalg.eigh(sample.T @ sample)
    main = vectors @ axes[:, ::-1][:, :AXES]
    rest = np.maximum(1 - np.einsum("nd,nd->n", main, main), 0)
    short: Matrix = np.concatenate([main, np.sqrt(rest)[:, None]], axis=1)
    return short
