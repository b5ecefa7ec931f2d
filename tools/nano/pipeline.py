"""Training of the image tower on all photos, or on those outside a cross-validation fold."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import Matrix, unit
from tools.nano import student, teacher
from tools.nano.backbone import load_backbone
from tools.nano.corpus import Corpus, load_corpus
from tools.nano.folds import FOLDS, assign_folds
from tools.nano.store import cached, claim
from tools.nano.views import feature_maps, load_crops

SEED = 0
VIEWS = 3
"""Augmented views of each photo, in addition to the unchanged photo."""
EPOCHS = 10
"""Passes over the photos with a real embedding."""


def log(line: str) -> None:
    """Print a line with a time stamp."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


@dataclass(frozen=True)
class Pipeline:
    """The corpus and the intermediate results of training.

    Args:
        data: The data folder, `../shared/data`.
        cache: The folder for intermediate results.

    Raises:
        UserError: The cache holds results of another version of the code.
    """

    data: Path
    cache: Path

    def __post_init__(self) -> None:
        claim(self.cache)

    @cached_property
    def corpus(self) -> Corpus:
        """The training data."""
        return load_corpus(self.data)

    @cached_property
    def crops(self) -> NDArray[np.uint8]:
        """The photos (n + m, side, side, 3), uint8."""
        paths = [photo.path for photo in self.corpus.photos]
        return cached(self.cache / "crops.npy", lambda: load_crops(paths))

    @cached_property
    def folds(self) -> NDArray[np.int64]:
        """Fold (n + m,) of each photo."""
        return cached(self.cache / "folds.npy", lambda: assign_folds(self.corpus, self.crops, SEED))

    @cached_property
    def maps(self) -> tuple[NDArray[np.float16], ...]:
        """Feature maps (n + m, h, w, channels) of all photos, unchanged and augmented."""
        return tuple(self._view(view) for view in range(VIEWS + 1))

    def features(self, size: int, side: int) -> Matrix:
        """Pooled features (n + m, f) of one of the teacher's networks.

        Args:
            size: EfficientNet-Lite size.
            side: Input side in pixels.
        """
        return cached(
            self.cache / f"features_{size}_{side}.npy",
            lambda: teacher.pooled_features(size, side, self.crops),
        ).astype(np.float32)

    @cached_property
    def all_features(self) -> Matrix:
        """Pooled features (n + m, f) of all networks, concatenated."""
        return np.concatenate([self.features(*network) for network in teacher.NETWORKS], axis=1)

    def teach(self, fold: int | None) -> teacher.Predictions:
        """Fit the teacher to the photos outside a fold, or to all photos for None."""
        images = self.corpus.images
        known = np.flatnonzero(self._training(fold)[: len(images)])
        return teacher.teach(self.all_features, images, known)

    def train(self, fold: int | None) -> tuple[student.Student, teacher.Predictions]:
        """Fit the teacher and train the student, outside a fold or on all photos for None."""
        images, predictions = self.corpus.images, self.teach(fold)
        estimated = np.flatnonzero(self._training(fold)[len(images) :]) + len(images)
        training_set = student.TrainingSet(
            maps=self.maps,
            known=predictions.training,
            known_targets=unit(images[predictions.training] + predictions.left_out),
            estimated=estimated,
            estimated_targets=teacher.move_to_labels(
                predictions.everything[estimated], self.corpus.label_directions[estimated]
            ),
        )
        names = self.corpus.name_embeddings
        return student.train(training_set, names, epochs=EPOCHS, seed=SEED, log=log), predictions

    def held_out(self) -> tuple[Matrix, Matrix]:
        """Cross-validated embeddings (n, d) by the student, and the same by the teacher."""
        images = self.corpus.images
        by_student, by_teacher = np.empty_like(images), np.empty_like(images)
        for fold in range(FOLDS):
            rows = np.flatnonzero(self.folds[: len(images)] == fold)

            def run(fold: int = fold, rows: NDArray[np.int64] = rows) -> Matrix:
                log(f"fold {fold + 1} of {FOLDS}")
                trained, predictions = self.train(fold)
                return np.stack([trained.embed(self.maps[0][rows]), predictions.everything[rows]])

            both = cached(self.cache / f"held_out_{fold}.npy", run)
            by_student[rows], by_teacher[rows] = both
        return by_student, by_teacher

    def _training(self, fold: int | None) -> NDArray[np.bool_]:
        return np.ones(len(self.folds), np.bool_) if fold is None else self.folds != fold

    def _view(self, view: int) -> NDArray[np.float16]:
        def make() -> NDArray[np.float16]:
            log(f"feature maps: view {view} of {VIEWS}")
            seed = SEED + view if view else None
            return feature_maps(load_backbone(student.SIZE), self.crops, augment_seed=seed)

        return cached(self.cache / f"maps_{view}.npy", make)
