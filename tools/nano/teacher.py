"""The teacher: kernel ridge regression from frozen features of four networks to CLIP embeddings.

It is better than each of the networks, and four times too large to be bundled. The student learns
from its predictions for photos without a real embedding (self-training with a "noisy student",
arXiv 1911.04252). For photos with a real embedding, the student's target is the mean of the real
embedding and the teacher's leave-one-out prediction. The prediction contains only what the pixels
determine. The rest of the real embedding cannot be predicted from so few photos, and the student
would overfit to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from splicedex.splice.align import Matrix, unit
from tools.nano.backbone import load_backbone, pooled_stages
from tools.nano.views import batches

NETWORKS = ((0, 224), (1, 240), (2, 256), (2, 288))
"""EfficientNet-Lite size and input side in pixels of each network."""
WIDTH = 0.3
"""Parameter of the kernel `exp(-WIDTH * mean squared difference of standardised features)`."""
PENALTY = 0.3
"""l2 penalty of the regression."""
LABEL_COSINE = 0.25
"""Minimum cosine of a target and its label. Real embeddings have .13 to .19, but a student does not
reach its targets completely."""


@torch.inference_mode()
def pooled_features(size: int, side: int, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Compute the pooled features (n, f) of one network.

    Args:
        size: EfficientNet-Lite size.
        side: Input side in pixels.
        crops: Photos (n, side, side, 3), uint8.
    """
    model: Any = load_backbone(size)
    pooled = [pooled_stages(model, pixels).half() for pixels in batches(crops, side)]
    features: NDArray[np.float16] = torch.cat(pooled).numpy()
    return features


@dataclass(frozen=True)
class Predictions:
    """The teacher's predictions.

    Attributes:
        training: Rows (k,) that it was fitted to.
        everything: Predicted unit embeddings (n + m, d) of all photos.
        left_out: Leave-one-out predictions (k, d) of the training rows, unit length.
    """

    training: NDArray[np.int64]
    everything: Matrix
    left_out: Matrix


def teach(features: Matrix, images: Matrix, training: NDArray[np.int64]) -> Predictions:
    """Fit the teacher and predict an embedding of every photo.

    Args:
        features: Features (n + m, f) of all networks, concatenated.
        images: Real embeddings (n, d) of the first n photos.
        training: Rows (k,) below n to fit it to.
    """
    own = features[training]
    centre, scale = own.mean(0), own.std(0) + 1e-4
    own, features = (own - centre) / scale, (features - centre) / scale
    mean = images[training].mean(0)
    inverse = np.linalg.inv(_kernel(own, own) + PENALTY * np.eye(len(own), dtype=np.float32))
    weights = inverse @ (images[training] - mean)
    # The closed form of ridge regression for leave-one-out residuals.
    left_out = images[training] - weights / np.diag(inverse)[:, None]
    return Predictions(training, unit(_kernel(features, own) @ weights + mean), unit(left_out))


def move_to_labels(embeddings: Matrix, labels: Matrix) -> Matrix:
    """Move predicted embeddings towards the labels of the photos.

    Most photos with a real embedding show people and dogs outdoors, so the teacher hardly tells a
    guitar from a teapot. The labels do. Each embedding is moved along its label's direction until
    their inner product is at least `LABEL_COSINE`, then scaled to length 1.

    Args:
        embeddings: Predicted unit embeddings (n, d).
        labels: Centred unit embeddings (n, d) of the labels; 0 for photos without a label.

    Returns:
        Unit embeddings (n, d).
    """
    missing = np.maximum(LABEL_COSINE - (embeddings * labels).sum(1), 0) * labels.any(1)
    return unit(embeddings + missing[:, None] * labels)


def ridge(
    features: Matrix, images: Matrix, training: NDArray[np.int64], penalty: float = 3.0
) -> Matrix:
    """Predict embeddings by linear ridge regression, as a baseline.

    Args:
        features: Features (n, f) of photos.
        images: Real embeddings (m, d) of the first m photos.
        training: Rows (k,) below m to fit to.
        penalty: l2 penalty.

    Returns:
        Unit embeddings (n, d).
    """
    own = features[training]
    centre, scale = own.mean(0), own.std(0) + 1e-4
    own, features = (own - centre) / scale, (features - centre) / scale
    mean = images[training].mean(0)
    gram = own @ own.T / own.shape[1]
    solved = np.linalg.solve(gram + penalty * np.eye(len(own)), images[training] - mean)
    return unit((features @ own.T / own.shape[1] @ solved + mean).astype(np.float32))


def _kernel(left: Matrix, right: Matrix) -> Matrix:
    lengths = (left**2).mean(1)[:, None] + (right**2).mean(1)[None]
    distances = np.maximum(lengths - 2 * (left @ right.T) / left.shape[1], 0)
    kernel: Matrix = np.exp(-WIDTH * distances)
    return kernel
