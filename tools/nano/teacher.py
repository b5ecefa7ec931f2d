"""The teacher: kernel ridge regression from frozen features of four networks to real embeddings.

It is four times as large as what may be bundled, and better than any one of the networks. The
student learns from what it says of photos that have no real embedding (self-training with a
"noisy student", arXiv 1911.04252), and, half and half with the truth, of those that have: what it
would say had it not seen them. That half holds what pixels can tell; the truth also holds what
nobody could have told, and a small set invites learning it by heart.
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
"""EfficientNet-Lite size and input side of each."""
WIDTH = 0.3
"""Of the kernel exp(-WIDTH * mean squared difference of standardised features)."""
PENALTY = 0.3
OWN = 0.25
"""Above the .13 to .19 of real embeddings with their own label: a student learns less than told."""


@torch.inference_mode()
def pooled_features(size: int, side: int, crops: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Pooled features of several stages of one network: (photos, features)."""
    model: Any = load_backbone(size)
    pooled = [pooled_stages(model, pixels).half() for pixels in batches(crops, side)]
    features: NDArray[np.float16] = torch.cat(pooled).numpy()
    return features


@dataclass(frozen=True)
class Lesson:
    """What the teacher says.

    Attributes:
        training: Rows it learnt from.
        everything: (n + m, d) its unit embedding of every photo.
        left_out: (rows, d) of the training rows, as if each had been left out.
    """

    training: NDArray[np.int64]
    everything: Matrix
    left_out: Matrix


def teach(features: Matrix, images: Matrix, training: NDArray[np.int64]) -> Lesson:
    """Fit the teacher and ask it about every photo.

    Args:
        features: (n + m, f) all networks' features, side by side.
        images: (n, d) real embeddings of the first n photos.
        training: Rows, all below n, that it may learn from.
    """
    own = features[training]
    centre, scale = own.mean(0), own.std(0) + 1e-4
    own, features = (own - centre) / scale, (features - centre) / scale
    mean = images[training].mean(0)
    inverse = np.linalg.inv(_kernel(own, own) + PENALTY * np.eye(len(own), dtype=np.float32))
    weights = inverse @ (images[training] - mean)
    # Ridge regression's closed form for the residual of a row left out.
    left_out = images[training] - weights / np.diag(inverse)[:, None]
    return Lesson(training, unit(_kernel(features, own) @ weights + mean), unit(left_out))


def point_out(embeddings: Matrix, labels: Matrix) -> Matrix:
    """Move guessed embeddings (n, d) towards what the photos are labelled with.

    The photos with a real embedding are mostly of people and dogs outdoors, so the teacher hardly
    tells a guitar from a teapot; their labels do. Each embedding is moved along its label's centred
    concept until their cosine is at least `OWN` (before the embedding is made unit again).

    Args:
        embeddings: The teacher's.
        labels: (n, d) centred unit concepts, zero for photos without a label.
    """
    missing = np.maximum(OWN - (embeddings * labels).sum(1), 0) * labels.any(1)
    return unit(embeddings + missing[:, None] * labels)


def ridge(
    features: Matrix, images: Matrix, training: NDArray[np.int64], penalty: float = 3.0
) -> Matrix:
    """Linear ridge regression, the baseline: embeddings (n, d) of photos with features (n, f)."""
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
