"""From photos to an image tower, and the same for each fold of a cross-validation."""

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
from tools.nano.store import claim, kept
from tools.nano.views import feature_maps, load_crops

SEED = 0
VIEWS = 3
"""Varied views of each photo, beside the photo as it is."""
EPOCHS = 10


def log(line: str) -> None:
    """Print a line with the time."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


@dataclass(frozen=True)
class Pipeline:
    """The corpus with what training derives from it.

    Args:
        data: The data folder, `../shared/data`.
        cache: Where intermediate results are kept.

    Raises:
        UserError: Other code has kept its own there.
    """

    data: Path
    cache: Path

    def __post_init__(self) -> None:
        claim(self.cache)

    @cached_property
    def corpus(self) -> Corpus:
        """Photos, names, captions and their real embeddings."""
        return load_corpus(self.data)

    @cached_property
    def crops(self) -> NDArray[np.uint8]:
        """(n + m, side, side, 3) the photos."""
        paths = [photo.path for photo in self.corpus.photos]
        return kept(self.cache / "crops.npy", lambda: load_crops(paths))

    @cached_property
    def folds(self) -> NDArray[np.int64]:
        """(n + m,) the fold of each photo."""
        return kept(self.cache / "folds.npy", lambda: assign_folds(self.corpus, self.crops, SEED))

    @cached_property
    def maps(self) -> tuple[NDArray[np.float16], ...]:
        """Feature maps of all photos, as they are and varied."""
        return tuple(self._view(view) for view in range(VIEWS + 1))

    def features(self, size: int, side: int) -> Matrix:
        """(n + m, f) pooled features of one of the teacher's networks."""
        return kept(
            self.cache / f"features_{size}_{side}.npy",
            lambda: teacher.pooled_features(size, side, self.crops),
        ).astype(np.float32)

    @cached_property
    def all_features(self) -> Matrix:
        """(n + m, f) all of them side by side."""
        return np.concatenate([self.features(*network) for network in teacher.NETWORKS], axis=1)

    def teach(self, fold: int | None) -> teacher.Lesson:
        """Fit the teacher to all photos but a fold's, or to all."""
        images = self.corpus.images
        known = np.flatnonzero(self._learnt(fold)[: len(images)])
        return teacher.teach(self.all_features, images, known)

    def train(self, fold: int | None) -> tuple[student.Student, teacher.Lesson]:
        """Train an image tower on all photos but a fold's, or on all, and the teacher before it."""
        images, lesson = self.corpus.images, self.teach(fold)
        guessed = np.flatnonzero(self._learnt(fold)[len(images) :]) + len(images)
        pupils = student.Pupils(
            maps=self.maps,
            known=lesson.training,
            known_targets=unit(images[lesson.training] + lesson.left_out),
            guessed=guessed,
            guessed_targets=teacher.point_out(
                lesson.everything[guessed], self.corpus.label_directions[guessed]
            ),
        )
        names = self.corpus.name_embeddings
        return student.train(pupils, names, epochs=EPOCHS, seed=SEED, log=log), lesson

    def held_out(self) -> tuple[Matrix, Matrix]:
        """Embeddings (n, d) of each photo by the student, and the teacher, that never saw it."""
        images = self.corpus.images
        by_student, by_teacher = np.empty_like(images), np.empty_like(images)
        for fold in range(FOLDS):
            rows = np.flatnonzero(self.folds[: len(images)] == fold)

            def run(fold: int = fold, rows: NDArray[np.int64] = rows) -> Matrix:
                log(f"fold {fold + 1} of {FOLDS}")
                trained, lesson = self.train(fold)
                return np.stack([trained.embed(self.maps[0][rows]), lesson.everything[rows]])

            both = kept(self.cache / f"held_out_{fold}.npy", run)
            by_student[rows], by_teacher[rows] = both
        return by_student, by_teacher

    def _learnt(self, fold: int | None) -> NDArray[np.bool_]:
        return np.ones(len(self.folds), np.bool_) if fold is None else self.folds != fold

    def _view(self, view: int) -> NDArray[np.float16]:
        def make() -> NDArray[np.float16]:
            log(f"feature maps: view {view} of {VIEWS}")
            varied = SEED + view if view else None
            return feature_maps(load_backbone(student.SIZE), self.crops, varied=varied)

        return kept(self.cache / f"maps_{view}.npy", make)
