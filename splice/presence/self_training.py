"""Self-training: learning the direction of each concept from a collection without labels.

Text and image embeddings lie in different cones of CLIP's space, so the direction of a word is only
close to that of its images. The images that seem to show the concept give a better one. With their
mean μ, and the mean m and covariance S of all images, the direction of linear discriminant analysis
is S⁻¹ (μ - m). It is added to the word's direction: the more images there are, and the further they
lie from the mean, the more they count.

This is the Gaussian classifier of Wang et al. ("A hard-to-beat baseline for training-free
CLIP-based adaptation", arXiv 2402.04087), with the probabilities from the texts in place of labels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from splicedex.splice.align import Matrix, unit
from splicedex.splice.presence.activation import Activations
from splicedex.splice.threads import map_in_threads

WORD = 100.0
"""Weight of a word, in images that each deviate from the mean by one unit along its direction."""
CONCEPTS_PER_BLOCK = 128
"""Concepts that are computed at a time, so that intermediate results fit the processor's cache."""
_TINY = 1e-6


def self_trained(
    words: Activations, embeddings: Matrix, probability: Callable[[slice], Matrix]
) -> Activations:
    """Learn the query directions from a collection.

    Args:
        words: Activations from the text embeddings alone.
        embeddings: Embeddings (n, d) of the collection's images.
        probability: Returns the probabilities (n, k), according to `words`, that a slice of k
            concepts is in each image.

    Returns:
        Activations with the learnt directions.
    """
    images = unit(embeddings)
    images -= images.mean(axis=0) if len(images) else 0
    covariance = _covariance(images)
    inverse = np.linalg.inv(covariance)
    queries = np.empty_like(words.queries)

    def learn(part: slice) -> None:
        even = words.queries[part] / _deviation(words.queries[part], covariance)
        learnt = WORD * even + probability(part).T @ images @ inverse
        length = np.linalg.norm(learnt, axis=1, keepdims=True)
        # Scaling to deviation 1 alone would shrink a concept most if half of the images show it.
        queries[part] = learnt / np.sqrt(length * _deviation(learnt, covariance))

    map_in_threads(learn, concept_blocks(len(queries)))
    return words.with_queries(queries)


def concept_blocks(count: int) -> list[slice]:
    """Slices of `count` concepts, of `CONCEPTS_PER_BLOCK` each."""
    return [
        slice(start, start + CONCEPTS_PER_BLOCK) for start in range(0, count, CONCEPTS_PER_BLOCK)
    ]


def _covariance(images: Matrix) -> Matrix:
    """Covariance (d, d) of centred embeddings (n, d), shrunk towards an isotropic one.

    The shrinkage is that of d extra images with equal variance in every direction. It makes the
    matrix invertible, and keeps a few images from deciding which directions are rare.
    """
    n, d = images.shape
    scatter = images.T @ images
    variance = max(float(np.trace(scatter)) / (max(n, 1) * d), _TINY)
    covariance: Matrix = (scatter + d * variance * np.eye(d, dtype=scatter.dtype)) / (n + d)
    return covariance


def _deviation(directions: Matrix, covariance: Matrix) -> Matrix:
    """Standard deviation (k, 1) of the images along directions (k, d)."""
    variance = np.einsum("ij,ij->i", directions @ covariance, directions)
    deviation: Matrix = np.sqrt(np.maximum(variance, np.finfo(np.float32).tiny))[:, None]
    return deviation
