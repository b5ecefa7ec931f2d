"""Large sets made from the small real one: real embeddings, moved the way real ones differ.

White noise would flatter a solver: its atoms are nearly orthogonal, while concepts crowd together
and an image is near a hundred of them. So a made row is a real row plus a share of the difference
between two others of its kind, renormalised: differences of real rows vary where real rows vary.
Aligned, the cosines among 10,000 concepts so made have percentiles 5, 50, 95 and 99 of -.14, .00,
.15 and .25, among the 2,282 real ones -.13, -.01, .16 and .28; those of images to concepts -.07,
.00, .08 and .12 either way.
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
    """Images and a dictionary, aligned: what the solver is given."""

    dictionary: Matrix
    """Unit atoms (c, d), centred."""
    images: Matrix
    """Unit rows (n, d), centred."""


def embeddings(images: int, atoms: int, dimensions: int = 512, seed: int = 0) -> Embeddings:
    """So many images and concepts of CLIP ViT-B/32, real ones as far as they go.

    More dimensions than the real 512 come from a layer of ReLUs with random weights, the same for
    images and concepts, beside the embedding: cosines stay nearly what they are, the rank grows.

    Args:
        images: n.
        atoms: c.
        dimensions: d, 512 or more.
        seed: Of everything random; the same sets for the same seed.

    Raises:
        FileNotFoundError: The real data are not there.
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


def resample(rows: Matrix, count: int, spread: float, random: np.random.Generator) -> Matrix:
    """Unit rows (count, d), shuffled: the real ones, or as many as are wanted, and made ones.

    Args:
        rows: Real unit rows (n, d).
        count: How many are wanted.
        spread: Largest share of a difference that a row is moved by; the smallest is a fifth.
        random: Generator.
    """
    moved = perturb(rows, max(0, count - len(rows)), spread, random)
    kept = random.permutation(rows)[:count]
    shuffled: Matrix = random.permutation(np.concatenate([kept, moved]))
    return shuffled


def perturb(rows: Matrix, count: int, spread: float, random: np.random.Generator) -> Matrix:
    """Made rows alone (count, d): each a real one moved along the difference of two others.

    Args:
        rows: Real unit rows (n, d).
        count: How many are wanted.
        spread: Largest share of a difference that a row is moved by; the smallest is a fifth.
        random: Generator.
    """
    n = len(rows)
    start = random.integers(n, size=count)
    towards = (start + random.integers(1, n, size=count)) % n
    away_from = (towards + random.integers(1, n, size=count)) % n
    share = random.uniform(0.2, spread, size=(count, 1)).astype(np.float32)
    return unit(rows[start] + share * (rows[towards] - rows[away_from]))


def _widen(rows: Matrix, layer: NDArray[np.float64]) -> Matrix:
    features = np.maximum(rows @ layer, 0)
    features *= 0.7 / np.linalg.norm(features, axis=1).mean()
    return unit(np.concatenate([rows, features.astype(np.float32)], axis=1))
