"""Large synthetic datasets from the small real one.

White noise would be too easy for a solver: its atoms are nearly orthogonal, while real concepts are
close to each other, and an image is close to a hundred of them. So a synthetic row is a real row
plus a fraction of the difference of two other real rows, scaled to length 1. Such differences vary
in the same directions as real rows. The percentiles 5, 50, 95 and 99 of the cosines of aligned
concepts are -.14, .00, .15 and .25 for 10,000 synthetic concepts, and -.13, -.01, .16 and .28 for
the 2,282 real ones. Those of images with concepts are -.07, .00, .08 and .12 for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import centre, unit

DATA = Path(__file__).parents[2] / "shared" / "data" / "clip_vitb32"

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class Embeddings:
    """Aligned images and an aligned dictionary: the input of the solver."""

    dictionary: Matrix
    """Atoms (c, d), centred, unit length."""
    images: Matrix
    """Image embeddings (n, d), centred, unit length."""


def embeddings(images: int, atoms: int, dimensions: int = 512, seed: int = 0) -> Embeddings:
    """Make a dataset of CLIP ViT-B/32: all real rows, then synthetic ones.

    Dimensions beyond the real 512 are the output of a layer of ReLUs with random weights, the same
    for images and concepts. This increases the rank and hardly changes the cosines.

    Args:
        images: Number of images n.
        atoms: Number of concepts c.
        dimensions: Dimension d, 512 or more.
        seed: Seed; the same seed gives the same dataset.

    Raises:
        FileNotFoundError: The real data do not exist.
    """
    random = np.random.default_rng(seed)
    photos = unit(np.load(DATA / "image_embeddings.npy").astype(np.float32))
    texts = unit(np.load(DATA / "space" / "concept_embeddings.npy").astype(np.float32))
    image_mean = np.load(DATA / "space" / "image_mean.npy").astype(np.float32)
    if dimensions > texts.shape[1]:
        layer = random.normal(size=(texts.shape[1], dimensions - texts.shape[1]))
        photos, texts = _widen(photos, layer), _widen(texts, layer)
        image_mean = photos.mean(0)
    concepts = resample(texts, atoms, 1.0, random)
    return Embeddings(
        dictionary=centre(concepts, concepts.mean(0)),
        images=centre(resample(photos, images, 0.5, random), image_mean),
    )


def resample(rows: Matrix, count: int, largest: float, random: np.random.Generator) -> Matrix:
    """Choose real rows, add synthetic ones where they are too few, and shuffle.

    Args:
        rows: Real unit vectors (n, d).
        count: Number of rows to return.
        largest: Largest fraction of a difference that is added to a row; the smallest is 0.2.
        random: Random generator.

    Returns:
        Unit vectors (count, d).
    """
    synthetic = perturb(rows, max(0, count - len(rows)), largest, random)
    real = random.permutation(rows)[:count]
    shuffled: Matrix = random.permutation(np.concatenate([real, synthetic]))
    return shuffled


def perturb(rows: Matrix, count: int, largest: float, random: np.random.Generator) -> Matrix:
    """Make synthetic rows: each is a real row plus a fraction of the difference of two others.

    Args:
        rows: Real unit vectors (n, d).
        count: Number of rows to return.
        largest: Largest fraction of a difference that is added to a row; the smallest is 0.2.
        random: Random generator.

    Returns:
        Unit vectors (count, d).
    """
    n = len(rows)
    start = random.integers(n, size=count)
    towards = (start + random.integers(1, n, size=count)) % n
    away_from = (towards + random.integers(1, n, size=count)) % n
    share = random.uniform(0.2, largest, size=(count, 1)).astype(np.float32)
    return unit(rows[start] + share * (rows[towards] - rows[away_from]))


def _widen(rows: Matrix, layer: NDArray[np.float64]) -> Matrix:
    features = np.maximum(rows @ layer, 0)
    features *= 0.7 / np.linalg.norm(features, axis=1).mean()
    return unit(np.concatenate([rows, features.astype(np.float32)], axis=1))
