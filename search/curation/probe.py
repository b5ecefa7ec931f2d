"""`probe`: a linear classifier of concept weights, whose coefficients are concepts.

This is logistic regression from SpLiCE weights to a label (SpLiCE paper, section 6.2). A second
probe is trained without some concepts and cannot use them; the accuracy of each group shows what
changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from splicedex.search.curation.concepts.suppressed import name_without, suppressed_ids
from splicedex.search.curation.statistics.accuracy import Accuracy, accuracies
from splicedex.search.curation.subsets.checks import check_columns
from splicedex.search.curation.subsets.reading import Progress, column_values, read, silent
from splicedex.search.curation.subsets.subset import Subset, subset
from splicedex.search.curation.subsets.weights import weights_of
from splicedex.search.searcher import Searcher
from splicedex.splice.decomposition import intervene
from splicedex.splice.errors import UserError

INVERSE_PENALTY = 1.0
"""Inverse of the l2 penalty (C in scikit-learn)."""
TEST_SHARE = 0.2
"""Share of images to test on, where no column says which."""
TRAIN = "train"
_MAX_ITERATIONS = 2000


@dataclass(frozen=True, slots=True)
class Words:
    """The concepts that indicate a class.

    Args:
        method: The name of the probe.
        label: The class.
        concepts: Concepts with their coefficients, largest first.
    """

    method: str
    label: str
    concepts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """Trained probes and how accurate they are.

    Args:
        label: The label column.
        classes: The labels of the training images.
        trained: Number of training images.
        tested: Number of test images.
        without: Words for the concepts that the second probe does not use.
        removed: These concepts, with their near-synonyms.
        methods: "all concepts", and "without ..." for the second probe.
        words: The concepts that indicate each class, for each probe.
        accuracies: Accuracy on the test images, overall and by group, for each probe.
    """

    label: str
    classes: tuple[str, ...]
    trained: int
    tested: int
    without: tuple[str, ...]
    removed: tuple[str, ...]
    methods: tuple[str, ...]
    words: tuple[Words, ...]
    accuracies: tuple[Accuracy, ...]


def probe(
    searcher: Searcher,
    label: str,
    split: str | None = None,
    train: str = TRAIN,
    by: str | None = None,
    query: str = "",
    without: Sequence[str] = (),
    limit: int = 10,
    seed: int = 0,
    on_progress: Progress = silent,
) -> Probe:
    """Train and test a probe on concept weights, and a second one without some concepts.

    Args:
        searcher: A searcher of an open index.
        label: The column to predict.
        split: A column that divides the images; by default a fifth is drawn for testing.
        train: The value of `split` to train on; all other images are for testing.
        by: A column of groups, to report the accuracy of each.
        query: The query of the subset; empty for every image.
        without: Words for concepts that the second probe does not use, with their near-synonyms.
        limit: At most this many concepts for each class.
        seed: Seed of the draw.
        on_progress: Called with images read and their total.

    Raises:
        UserError: scikit-learn is missing, a column or concept is unknown, or there are too few
            images or classes.
    """
    make_model = _import_logistic_regression()
    check_columns(searcher.index, label, split, by)
    chosen = subset(searcher, query)
    suppressed = suppressed_ids(searcher, without)
    images = _read(searcher, chosen, label, split, by, on_progress)
    training = _choose_training(images, split, train, seed)
    classes = sorted(set(images.labels[training]))
    _check_trainable(classes, training)
    concepts = searcher.index.space.concepts
    features = {"all concepts": images.weights}
    if suppressed:
        features[name_without(without)] = intervene(images.weights, suppress=suppressed)
    words: list[Words] = []
    found: list[Accuracy] = []
    for method, weights in features.items():
        scaled = weights / _mean_length(weights[training])
        model = make_model(C=INVERSE_PENALTY, max_iter=_MAX_ITERATIONS)
        model.fit(scaled[training], images.labels[training].astype(str))
        found += _score(method, model, scaled, images, ~training)
        words += _indicators(method, model, concepts, limit)
    return Probe(
        label=label,
        classes=tuple(classes),
        trained=int(training.sum()),
        tested=int((~training).sum()),
        without=tuple(without),
        removed=tuple(concepts[i] for i in suppressed),
        methods=tuple(features),
        words=tuple(words),
        accuracies=tuple(found),
    )


@dataclass(frozen=True, eq=False)
class _Images:
    """The n labelled images of a subset.

    Args:
        ids: Point ids (n,).
        weights: SpLiCE weights (n, c).
        labels: Values of the label column (n,).
        splits: Values of the split column (n,); empty where unknown.
        groups: Values of the group column (n,); empty where unknown.
    """

    ids: list[str]
    weights: csr_array
    labels: NDArray[np.object_]
    splits: list[str]
    groups: list[str]


def _import_logistic_regression() -> Any:
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise UserError(
            "a probe needs scikit-learn", "run `pip install 'splicedex[curation]'`"
        ) from error
    return LogisticRegression


def _read(
    searcher: Searcher,
    chosen: Subset,
    label: str,
    split: str | None,
    by: str | None,
    on_progress: Progress,
) -> _Images:
    """Read the weights and columns of all images that have a label."""
    index = searcher.index
    parts: list[csr_array] = []
    ids: list[str] = []
    labels: list[str] = []
    splits: list[str] = []
    groups: list[str] = []
    for hits in read(index, chosen, check_columns(index, label, split, by), on_progress):
        labelled = [hit for hit in hits if label in hit.payload]
        parts.append(weights_of(labelled, len(index.space.concepts)))
        ids += [hit.id for hit in labelled]
        labels += column_values(labelled, label)
        splits += column_values(labelled, split)
        groups += column_values(labelled, by)
    return _Images(ids, csr_array(vstack(parts)), np.array(labels, dtype=object), splits, groups)


def _choose_training(
    images: _Images, split: str | None, train: str, seed: int
) -> NDArray[np.bool_]:
    """Whether each image is for training (n,): by the split column, or by a draw."""
    if split is not None:
        return np.array([value == train for value in images.splits], np.bool_)
    return np.array([_draw(id_, seed) >= TEST_SHARE for id_ in images.ids], np.bool_)


def _draw(id_: str, seed: int) -> float:
    """A number in [0, 1) that depends on the image and the seed alone."""
    return int.from_bytes(sha256(f"{seed} {id_}".encode()).digest()[:8], "big") / 2**64


def _check_trainable(classes: Sequence[str], training: NDArray[np.bool_]) -> None:
    if training.all():
        raise UserError("there is no image to test on", "check --label, --split and --train")
    if len(classes) < 2:
        raise UserError(
            f"there are {len(classes)} classes to train on", "check --label, --split and --train"
        )


def _mean_length(weights: csr_array) -> float:
    """Mean Euclidean length of the rows (n, c).

    The features are divided by it: λ sets the length, and should not set the effect of the penalty.
    """
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)))
    return float(lengths.mean()) or 1.0


def _score(
    method: str, model: Any, features: csr_array, images: _Images, testing: NDArray[np.bool_]
) -> tuple[Accuracy, ...]:
    """Accuracies of a model on the test images."""
    right = model.predict(features[testing]) == images.labels[testing]
    groups = [images.groups[row] for row in np.flatnonzero(testing)]
    return accuracies(method, np.asarray(right, np.bool_), groups)


def _indicators(method: str, model: Any, concepts: Sequence[str], limit: int) -> list[Words]:
    """The concepts with the largest coefficients of each class."""
    rows = model.coef_
    if len(model.classes_) == 2:  # one row, which is for the second class and against the first
        rows = np.concatenate([-rows, rows])
    found = []
    for name, row in zip(model.classes_, rows, strict=True):
        best = np.argsort(-row, kind="stable")[:limit]
        positive = tuple((concepts[i], float(row[i])) for i in best if row[i] > 0)
        found.append(Words(method, str(name), positive))
    return found
