"""A linear probe on concept weights, whose coefficients are words (paper, section 6.2).

Logistic regression from SpLiCE weights to a label, the weights scaled so that a training image's
are 1 long on average. With concepts left out it cannot use them, so that a spurious cue can be
taken from it and the effect seen by group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
from scipy.sparse import csr_array, vstack

from splicedex.indexer.engines.query import Hit
from splicedex.search.curation.statistics.accuracy import Accuracy, accuracies, name_without
from splicedex.search.curation.subsets.reading import Progress, check_column, left_out, read, silent
from splicedex.search.curation.subsets.subset import subset
from splicedex.search.curation.subsets.weights import weights_of
from splicedex.search.searcher import Searcher
from splicedex.splice.decomposition import intervene
from splicedex.splice.errors import UserError

STRENGTH = 1.0
"""Inverse of the l2 penalty."""
HELD_OUT = 0.2
"""Share of images kept for testing where no column says which."""
TRAIN = "train"
_STEPS = 2000


@dataclass(frozen=True, slots=True)
class Words:
    """What speaks for a class.

    Args:
        method: Which probe.
        label: The class.
        concepts: Concepts with their coefficients, largest first.
    """

    method: str
    label: str
    concepts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """Probes trained and tested.

    Args:
        label: The label column.
        classes: Its values.
        trained: Images trained on.
        tested: Images tested on.
        without: Concepts that were left out of the second probe.
        removed: The same with their families.
        methods: "all concepts", and "without ..." where concepts were left out.
        words: What speaks for each class, for each probe.
        accuracies: On the images tested, overall and by group, for each probe.
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
    """Train a probe on concept weights, and one without some concepts.

    Args:
        searcher: Of an open index.
        label: The column to tell.
        split: Column that parts the images; by default a fifth is held out, drawn by the seed.
        train: Value of `split` to train on; all other images are for testing.
        by: Column of groups to tell accuracies apart by.
        query: The subset; empty for every image.
        without: Concepts to leave out, with their families.
        limit: Concepts shown of each class.
        seed: Of the draw.
        on_progress: Called with images read and their total.

    Raises:
        UserError: scikit-learn is missing, an unknown column or concept, or too little to learn
            from.
    """
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise UserError(
            "a probe needs scikit-learn", "run `pip install 'splicedex[curation]'`"
        ) from error

    index = searcher.index
    columns = tuple(dict.fromkeys(column for column in (label, split, by) if column))
    for column in columns:
        check_column(index, column)
    chosen = subset(searcher, query)
    removed = left_out(searcher, without)
    parts: list[csr_array] = []
    rows: list[Hit] = []
    for hits in read(index, chosen, columns, on_progress):
        labelled = [hit for hit in hits if label in hit.payload]
        parts.append(weights_of(labelled, len(index.space.concepts)))
        rows += [Hit(hit.id, 0.0, hit.payload) for hit in labelled]
    weights = csr_array(vstack(parts))
    truth = np.array([str(hit.payload[label]) for hit in rows], dtype=object)
    groups = [str(hit.payload.get(by or "", "")) for hit in rows]
    training = np.array([_trains(hit, split, train, seed) for hit in rows], np.bool_)
    classes = sorted(set(truth[training]))
    if len(classes) < 2 or training.all():
        told = "no image to test on" if training.all() else f"{len(classes)} classes to train on"
        raise UserError(f"there is {told}", "check --label, --split and --train")
    tested = [group for group, seen in zip(groups, training, strict=True) if not seen]
    methods = ("all concepts", *([name_without(without)] if removed else []))
    words: list[Words] = []
    accuracy: list[Accuracy] = []
    for method in methods:
        features = weights if method == methods[0] else intervene(weights, suppress=removed)
        features = features / _length(features[training])
        model = LogisticRegression(C=STRENGTH, max_iter=_STEPS)
        model.fit(features[training], truth[training].astype(str))
        right = model.predict(features[~training]) == truth[~training]
        accuracy += accuracies(method, np.asarray(right, np.bool_), tested)
        words += _words(method, model, index.space.concepts, limit)
    return Probe(
        label,
        tuple(classes),
        int(training.sum()),
        len(tested),
        tuple(without),
        tuple(index.space.concepts[i] for i in removed),
        methods,
        tuple(words),
        tuple(accuracy),
    )


def _length(weights: csr_array) -> float:
    """Mean length of rows: λ sets it, and the penalty should not depend on it."""
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)))
    return float(lengths.mean()) or 1.0


def _trains(hit: Hit, split: str | None, train: str, seed: int) -> bool:
    if split is not None:
        return str(hit.payload.get(split, "")) == train
    draw = int.from_bytes(sha256(f"{seed} {hit.id}".encode()).digest()[:8], "big")
    return draw / 2**64 >= HELD_OUT


def _words(method: str, model: Any, concepts: Sequence[str], limit: int) -> list[Words]:
    """The largest coefficients of each class; with two classes one row serves both."""
    rows = model.coef_ if len(model.classes_) > 2 else np.concatenate([-model.coef_, model.coef_])
    found = []
    for name, row in zip(model.classes_, rows, strict=True):
        best = np.argsort(-row, kind="stable")[:limit]
        some = tuple((concepts[i], float(row[i])) for i in best if row[i] > 0)
        found.append(Words(method, str(name), some))
    return found
