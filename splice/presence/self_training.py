"""Self-training: what a concept looks like, learnt from a collection without labels.

Texts and images lie apart in CLIP's space, so a word's direction only points about where its images
are. Those that seem to show the concept say it better: with their mean μ, and mean m and covariance
S of all, linear discriminant analysis reads the concept along S⁻¹ (μ - m). Word and images add up:
the more images there are, and the further from the mean, the more they count. (With labels it is
the Gaussian classifier of Wang et al., "A hard-to-beat baseline for training-free CLIP-based
adaptation", 2024; in their place are the probabilities that texts alone give.)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from splicedex.splice.align import Matrix, unit
from splicedex.splice.presence.activation import Activations

WORD = 100.0
"""Images that a word is worth, were each to deviate from the mean by 1 along it."""
COLUMNS = 128
"""Concepts at a time: what is computed of them fits into the processor's cache."""
_TINY = 1e-6


def self_trained(
    words: Activations, embeddings: Matrix, probability: Callable[[slice], Matrix]
) -> Activations:
    """Activations read along directions that a collection has turned.

    Args:
        words: As the texts alone have it.
        embeddings: Of the collection (n, d).
        probability: That some of the concepts are in the images (n, k), by `words`.
    """
    images = unit(embeddings)
    images -= images.mean(axis=0) if len(images) else 0
    covariance = _covariance(images)
    inverse = np.linalg.inv(covariance)
    queries = np.empty_like(words.queries)
    for start in range(0, len(queries), COLUMNS):
        part = slice(start, start + COLUMNS)
        even = words.queries[part] / _deviation(words.queries[part], covariance)
        learnt = WORD * even + probability(part).T @ images @ inverse
        length = np.linalg.norm(learnt, axis=1, keepdims=True)
        # By the deviation alone, what half of the images show would count least: it deviates most.
        queries[part] = learnt / np.sqrt(length * _deviation(learnt, covariance))
    return words.along(queries)


def _covariance(images: Matrix) -> Matrix:
    """Covariance (d, d) of centred images (n, d) and of d more that lie around them evenly.

    So a few images say nothing of which directions are rare, and there is an inverse.
    """
    n, d = images.shape
    scatter = images.T @ images
    spread = max(float(np.trace(scatter)) / (max(n, 1) * d), _TINY)
    covariance: Matrix = (scatter + d * spread * np.eye(d, dtype=scatter.dtype)) / (n + d)
    return covariance


def _deviation(directions: Matrix, covariance: Matrix) -> Matrix:
    """How much images deviate along directions (k, d), as a column (k, 1)."""
    variance = np.einsum("ij,ij->i", directions @ covariance, directions)
    deviation: Matrix = np.sqrt(np.maximum(variance, np.finfo(np.float32).tiny))[:, None]
    return deviation
