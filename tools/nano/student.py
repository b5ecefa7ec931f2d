"""The image tower: the upper stages of EfficientNet-Lite2, fine-tuned towards CLIP's embeddings."""

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
"""EfficientNet-Lite2: with the text tower just within 25 MB."""
BATCH = 32
RATES = (5e-4, 1e-3)
"""Learning rates of the stages and of the head."""
DROPOUT = 0.1
DEVIATION = 1.0
"""Weight of agreeing on how a photo differs from the average one, beside on the embedding."""
CONCEPTS = 0.3
"""And of agreeing on the concepts."""
AVERAGE = 0.99
"""Decay of the averaged weights, which are the ones kept."""
RIDGE = 3.0


@dataclass(frozen=True)
class Pupils:
    """Photos to learn from, one list of rows for each kind.

    Attributes:
        maps: Feature maps of all photos (n + m, h, w, c), one array for each view.
        known: Rows with a real embedding, and `known_targets` (rows, d) to reach.
        guessed: Rows without, and `guessed_targets` (rows, d), the teacher's and the labels'.
    """

    maps: tuple[NDArray[np.float16], ...]
    known: NDArray[np.int64]
    known_targets: Matrix
    guessed: NDArray[np.int64]
    guessed_targets: Matrix


class Student:
    """Image features and a linear head, with weights averaged over the training steps."""

    def __init__(self) -> None:
        self.backbone: Any = load_backbone(SIZE)
        self.head = nn.Linear(1280, 512)

    def parameters(self) -> list[nn.Parameter]:
        """What is trained, the head's last."""
        return [*trained(self.backbone), *self.head.parameters()]

    def features(self, maps: Tensor) -> Tensor:
        """(n, 1280) from feature maps (n, h, w, c)."""
        return upper(self.backbone, maps.permute(0, 3, 1, 2))

    @torch.inference_mode()
    def embed(self, maps: NDArray[np.float16]) -> Matrix:
        """Unit embeddings (n, 512) of photos with feature maps (n, h, w, c)."""
        rows = [self.head(part) for part in self._all_features(maps)]
        embeddings: Matrix = F.normalize(torch.cat(rows), dim=1).numpy()
        return embeddings

    @torch.inference_mode()
    def fit_head(self, maps: NDArray[np.float16], targets: Matrix) -> None:
        """Begin with the head that ridge regression gives for the features as they are."""
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
    pupils: Pupils,
    names: Matrix,
    *,
    epochs: int,
    seed: int,
    log: Callable[[str], None] = print,
) -> Student:
    """Train a student.

    Each batch is half photos with a real embedding, half photos the teacher guessed. The loss is
    `1 - cos` to the target; `1 - cos` of what is left of both without the mean embedding, most of
    any embedding, as that is what a search tells photos apart by; and `1 - correlation` of the
    similarities to all names, which is what concept queries rank by.

    Args:
        pupils: The photos.
        names: (c, d) unit embeddings of the names.
        epochs: How often each photo with a real embedding is seen.
        seed: Of order, views and dropout.
        log: Called with lines about progress.
    """
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    student = Student()
    student.fit_head(
        pupils.maps[0][np.concatenate([pupils.known, pupils.guessed])],
        np.concatenate([pupils.known_targets, pupils.guessed_targets]),
    )
    parameters = student.parameters()
    rates = [RATES[0]] * (len(parameters) - 2) + [RATES[1]] * 2
    optimiser = torch.optim.AdamW(
        [{"params": p, "lr": r} for p, r in zip(parameters, rates, strict=True)], weight_decay=0.0
    )
    steps = epochs * len(pupils.known) // BATCH
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / 50) * (1 + np.cos(np.pi * step / steps)) / 2
    )
    average = [p.detach().clone() for p in parameters]
    axes = F.normalize(torch.from_numpy(names - names.mean(0)), dim=1)
    middle = torch.from_numpy(pupils.known_targets.mean(0))
    for step in range(steps):
        maps, targets = _draw(pupils, random)
        guess = F.normalize(student.head(F.dropout(student.features(maps), DROPOUT)), dim=1)
        apart = 1 - (guess * targets).sum(1).mean()
        deviation = F.cosine_similarity(guess - middle, targets - middle, dim=1).mean()
        concepts = _correlation(guess @ axes.T, targets @ axes.T).mean()
        loss = apart + DEVIATION * (1 - deviation) + CONCEPTS * (1 - concepts)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        with torch.no_grad():
            decay = min(AVERAGE, (step + 1) / (step + 10))
            for kept, current in zip(average, parameters, strict=True):
                kept.lerp_(current, 1 - decay)
        if (step + 1) % 50 == 0:
            log(f"image tower: step {step + 1} of {steps}, 1 - cos {apart.item():.3f}")
    with torch.no_grad():
        for kept, current in zip(average, parameters, strict=True):
            current.copy_(kept)
    return student


def _draw(pupils: Pupils, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A batch of feature maps and targets, each photo in a random view."""
    rows, targets = [], []
    for own, goals in (
        (pupils.known, pupils.known_targets),
        (pupils.guessed, pupils.guessed_targets),
    ):
        chosen = random.choice(len(own), BATCH, replace=False)
        rows.append(own[chosen])
        targets.append(goals[chosen])
    views = random.integers(0, len(pupils.maps), 2 * BATCH)
    maps = [pupils.maps[view][row] for view, row in zip(views, np.concatenate(rows), strict=True)]
    return torch.from_numpy(np.stack(maps)), torch.from_numpy(np.concatenate(targets))


def _correlation(left: Tensor, right: Tensor) -> Tensor:
    """Pearson's, row by row."""
    left, right = (x - x.mean(1, keepdim=True) for x in (left, right))
    return F.cosine_similarity(left, right, dim=1)
