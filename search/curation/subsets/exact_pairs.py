"""All pairs of near vectors, exactly, without comparing all of them in full."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from splicedex.search.curation.subsets.reading import Progress, silent
from splicedex.splice.align import Matrix

AXES = 63
"""Axes of the short vectors."""
ROWS = 2048
"""Rows compared at once."""
_SAMPLE = 8192
_ROUNDING = 1e-5


def near_pairs(
    vectors: Matrix, least: float, on_progress: Progress = silent
) -> Iterator[tuple[int, int, float]]:
    """Pairs (i, j, cosine) of rows, i < j, with at least a cosine.

    Vectors are shortened to their main axes and the length of what is left. Products of short
    vectors bound those of long ones from above (Cauchy and Schwarz, on what is left), so only pairs
    that pass the bound are computed in full.

    Args:
        vectors: Unit rows (n, d).
        least: Cosine.
        on_progress: Called with rows done and their total.
    """
    short = _short(vectors)
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


def _short(vectors: Matrix) -> Matrix:
    """Vectors (n, AXES + 1) whose products bound those of the whole ones."""
    some = vectors[:: max(1, len(vectors) // _SAMPLE)]
    _, axes = np.linalg.eigh(some.T @ some)
    main = vectors @ axes[:, ::-1][:, :AXES]
    left = np.maximum(1 - np.einsum("nd,nd->n", main, main), 0)
    short: Matrix = np.concatenate([main, np.sqrt(left)[:, None]], axis=1)
    return short
