"""The image tower: EfficientNet-Lite2, its upper stages fine-tuned to predict CLIP's embeddings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from splicedex.splice.align import Matrix
from tools.nano.backbone import load_backbone, trained, upper

SIZE = 2
"""EfficientNet-Lite2; with the text tower the model is just below 25 MB."""
BATCH = 32
"""Photos with, and as many without a real embedding, per step."""
RATES = (5e-4, 1e-3)
"""Learning rates of the upper stages and of the head."""
DROPOUT = 0.1
DEVIATION = 1.0
"""Weight of the loss on deviations from the mean embedding."""
CONCEPTS = 0.3
"""Weight of the loss on similarities to class names."""
AVERAGE = 0.99
"""Decay of the moving average of the weights, which is the result of training."""
RIDGE = 3.0
"""l2 penalty of the first head, per feature."""


@dataclass(frozen=True)
class TrainingSet:
    """Photos to train on, with their target embeddings.

    Attributes:
        maps: Feature maps (n + m, h, w, c) of all photos, one array per view.
        known: Rows (k,) of photos with a real embedding.
        known_targets: Their targets (k, d), unit length.
        estimated: Rows (e,) of photos without one.
        estimated_targets: Their targets (e, d), from the teacher and the labels, unit length.
    """

    maps: tuple[NDArray[np.float16], ...]
    known: NDArray[np.int64]
    known_targets: Matrix
    estimated: NDArray[np.int64]
    estimated_targets: Matrix


class Student:
    """Image features and a linear head."""

    def __init__(self) -> None:
        self.backbone: Any = load_backbone(SIZE)
        self.head = nn.Linear(1280, 512)

    def parameters(self) -> list[nn.Parameter]:
        """All trained parameters; the last two are the head's."""
        return [*trained(self.backbone), *self.head.parameters()]

    def features(self, maps: Tensor) -> Tensor:
        """Features (n, 1280) of feature maps (n, h, w, c)."""
        return upper(self.backbone, maps.permute(0, 3, 1, 2))

    @torch.inference_mode()
    def embed(self, maps: NDArray[np.float16]) -> Matrix:
        """Unit embeddings (n, 512) of photos with feature maps (n, h, w, c)."""
        rows = [self.head(part) for part in self._all_features(maps)]
        embeddings: Matrix = F.normalize(torch.cat(rows), dim=1).numpy()
        return embeddings

    @torch.inference_mode()
    def fit_head(self, maps: NDArray[np.float16], targets: Matrix) -> None:
        """Set the head by ridge regression on the features before training.

        Args:
            maps: Feature maps (n, h, w, c).
            targets: Target embeddings (n, d).
        """
        features = torch.cat(list(self._all_features(maps))).double()
        centre, scale = features.mean(0), features.std(0) + 1e-2
        features = (features - centre) / scale
        mean = torch.from_numpy(targets).double().mean(0)
        width = features.shape[1]
        weights = torch.linalg.solve(
            features.T @ features + RIDGE * width * torch.eye(width).double(),
            features.T @ (torch.from_numpy(targets).double() - mean),
        )
        self.head.weight.copy_((weights / scale[:, None]).T)
        self.head.bias.copy_(mean - (centre / scale) @ weights)

    def _all_features(self, maps: NDArray[np.float16]) -> Iterator[Tensor]:
        for first in range(0, len(maps), 64):
            yield self.features(torch.from_numpy(maps[first : first + 64]))


def train(
    training_set: TrainingSet,
    names: Matrix,
    *,
    epochs: int,
    seed: int,
    log: Callable[[str], None] = print,
) -> Student:
    """Train a student.

    Half of each batch are photos with a real embedding. The loss has three terms: `1 - cos` of the
    embedding and the target; `1 - cos` of their deviations from the mean embedding, which is most
    of any embedding and does not help a search; and `1 - correlation` of their similarities to all
    class names, by which concept queries rank photos.

    Args:
        training_set: The photos and targets.
        names: Unit embeddings (c, d) of the class names.
        epochs: Passes over the photos with a real embedding.
        seed: Seed of the order, the views and the dropout.
        log: Called with lines about progress.

    Returns:
        The student, with the moving average of the weights over the steps.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    student = Student()
    student.fit_head(
        training_set.maps[0][np.concatenate([training_set.known, training_set.estimated])],
        np.concatenate([training_set.known_targets, training_set.estimated_targets]),
    )
    parameters = student.parameters()
    rates = [RATES[0]] * (len(parameters) - 2) + [RATES[1]] * 2
    optimizer = torch.optim.AdamW(
        [{"params": p, "lr": r} for p, r in zip(parameters, rates, strict=True)], weight_decay=0.0
    )
    steps = epochs * len(training_set.known) // BATCH
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min(1, (step + 1) / 50) * (1 + np.cos(np.pi * step / steps)) / 2
    )
    average = [p.detach().clone() for p in parameters]
    axes = F.normalize(torch.from_numpy(names - names.mean(0)), dim=1)
    mean = torch.from_numpy(training_set.known_targets.mean(0))
    for step in range(steps):
        maps, targets = _draw(training_set, random)
        predicted = F.normalize(student.head(F.dropout(student.features(maps), DROPOUT)), dim=1)
        distance = 1 - (predicted * targets).sum(1).mean()
        deviation = F.cosine_similarity(predicted - mean, targets - mean, dim=1).mean()
        concepts = _correlation(predicted @ axes.T, targets @ axes.T).mean()
        loss = distance + DEVIATION * (1 - deviation) + CONCEPTS * (1 - concepts)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            decay = min(AVERAGE, (step + 1) / (step + 10))
            for averaged, current in zip(average, parameters, strict=True):
                averaged.lerp_(current, 1 - decay)
        if (step + 1) % 50 == 0:
            log(f"image tower: step {step + 1} of {steps}, 1 - cos {distance.item():.3f}")
    with torch.no_grad():
        for averaged, current in zip(average, parameters, strict=True):
            current.copy_(averaged)
    return student


def _draw(training_set: TrainingSet, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A batch of feature maps and targets, each photo in a random view."""
    rows, targets = [], []
    for own, goals in (
        (training_set.known, training_set.known_targets),
        (training_set.estimated, training_set.estimated_targets),
    ):
        chosen = random.choice(len(own), BATCH, replace=False)
        rows.append(own[chosen])
        targets.append(goals[chosen])
    views = random.integers(0, len(training_set.maps), 2 * BATCH)
    maps = [
        training_set.maps[view][row] for view, row in zip(views, np.concatenate(rows), strict=True)
    ]
    return torch.from_numpy(np.stack(maps)), torch.from_numpy(np.concatenate(targets))


def _correlation(left: Tensor, right: Tensor) -> Tensor:
    """Pearson correlation (n,) of each row of two matrices (n, k)."""
    left, right = (x - x.mean(1, keepdim=True) for x in (left, right))
    return F.cosine_similarity(left, right, dim=1)
