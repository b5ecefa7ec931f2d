"""Cross-validation folds: copies of a photo are always in the same fold."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch.nn import functional as F  # noqa: N812

from tools.nano.corpus import Corpus, flickr_ids

FOLDS = 5
ALIKE = 0.95
"""Correlation of two 16 x 16 thumbnails, one possibly mirrored, above which they are one photo.

The 305 photos that are in both sets correlate by more than .99, shots of one series by .95.
"""
THUMBNAIL = 16


def assign_folds(corpus: Corpus, crops: NDArray[np.uint8], seed: int) -> NDArray[np.int64]:
    """Assign photos to folds; photos that count as one photo are in the same fold.

    Args:
        corpus: The corpus.
        crops: The photos (n + m, side, side, 3), uint8.
        seed: Seed of the assignment.

    Returns:
        Fold (n + m,) of each photo.
    """
    alike = np.argwhere(np.triu(_correlations(crops), 1) > ALIKE)
    first: dict[str, int] = {}
    shared = [
        (row, first.setdefault(number, row))
        for row, number in enumerate(flickr_ids(corpus.photos))
        if number is not None
    ]
    edges = np.concatenate([alike, np.array(shared)])
    size = len(corpus.photos)
    graph = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(size, size))
    count, groups = connected_components(graph, directed=False)
    folds: NDArray[np.int64] = np.random.default_rng(seed).integers(0, FOLDS, count)[groups]
    return folds


def _correlations(crops: NDArray[np.uint8]) -> NDArray[np.float32]:
    side = crops.shape[1] // THUMBNAIL
    small = torch.cat(
        [
            F.avg_pool2d(torch.from_numpy(crops[i : i + 256]).permute(0, 3, 1, 2).float(), side)
            for i in range(0, len(crops), 256)
        ]
    ).mean(1)
    small = small - small.mean((1, 2), keepdim=True)
    rows = F.normalize(small.flatten(1), dim=1, eps=1e-3)
    mirrored = F.normalize(small.flip(2).flatten(1), dim=1, eps=1e-3)
    correlations: NDArray[np.float32] = torch.maximum(rows @ rows.T, rows @ mirrored.T).numpy()
    return correlations
