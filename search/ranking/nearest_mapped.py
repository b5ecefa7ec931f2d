"""The images of the mapped copy that are nearest to a vector: exact, without a graph."""

from __future__ import annotations

import numpy as np

from splicedex.indexer.engines.mapped.snapshot import Rows, Snapshot
from splicedex.search.ranking.nearest import Scored
from splicedex.splice.align import Matrix

MOST = 100_000
"""Number of images above which walking the engine's graph takes less time than a scan."""
ROUNDING = 1e-6
"""What two ways to compute a product of unit vectors may differ by."""


def nearest_mapped(
    snapshot: Snapshot, vector: Matrix, rows: Rows, start: int, length: int
) -> list[Scored]:
    """Return a page of the images in some rows, by descending cosine to a vector, then by id.

    Args:
        snapshot: The mapped copy.
        vector: Unit vector (d,).
        rows: The rows, ascending.
        start: Rank of the first image of the page, from 0.
        length: Number of images of the page.
    """
    end = start + length
    if end < len(rows):
        rows = rows[_promising(snapshot, vector, rows, end)]
    scores = snapshot.embeddings[rows] @ vector
    ids = snapshot.ids[rows].view(">u8")
    best = np.lexsort((ids[:, 1], ids[:, 0], -scores))[start:end]
    pairs = zip(rows[best].tolist(), scores[best].tolist(), strict=True)
    return [(snapshot.id_of(row), score) for row, score in pairs]


def _promising(snapshot: Snapshot, vector: Matrix, rows: Rows, count: int) -> Rows:
    """The positions of the rows that may be among the `count` nearest."""
    everything = len(rows) == len(snapshot.deleted)
    products = snapshot.quantized.products(vector[None], slice(None) if everything else rows)
    values, errors = products.values[0], products.errors(0) + ROUNDING
    least = np.partition(values - errors, -count)[-count]
    return np.flatnonzero(values + errors >= least)
