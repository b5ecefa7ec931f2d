"""How close nano is to CLIP ViT-B/32, on photos that it was not trained on.

    pip install "splicedex[train]"
    nice python -m benchmarks.nano [--json PATH] [--cache DIR]

Five-fold cross-validation with nano's own training (`tools/nano`): every photo is embedded by a
tower that was trained on neither the photo nor a copy. Concepts and captions have CLIP's own
embeddings. Folds that are not in the cache are trained first, which takes minutes each on two idle
cores.

A second table shows how the teacher improves with the number of real embeddings that it is fitted
to. This indicates what more embeddings would bring.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.machine import machine
from benchmarks.report import Row, publish
from benchmarks.truth import Truth, average_precision, load_truth
from splicedex.splice.align import Matrix, centre, unit
from tools.nano.__main__ import CACHE, DATA
from tools.nano.corpus import Corpus
from tools.nano.folds import FOLDS
from tools.nano.pipeline import SEED, Pipeline
from tools.nano.teacher import ridge, teach

TARGETS = {"cosine": 0.85, "of CLIP's": 0.80, "recall@5": 0.55}
SOURCES = ("flickr30k2k", "cifar500", "mixed130", "unsplash125")
SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
"""Shares of the photos of four folds that the teacher is fitted to."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    parser.add_argument("--data", type=Path, default=DATA, help="the data folder")
    parser.add_argument("--cache", type=Path, default=CACHE, help="the cache folder")
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    pipeline = Pipeline(args.data, args.cache)
    corpus, truth = pipeline.corpus, load_truth(args.data / "clip_vitb32")
    student, teacher = pipeline.held_out()

    clip = precision(corpus.images, corpus, truth)
    rows = [
        {"image embeddings": name, **figures(embeddings, corpus, truth, clip)}
        for name, embeddings in (
            ("mean vector", _by_fold(pipeline, mean_vector)),
            ("ridge on EfficientNet-Lite2", _by_fold(pipeline, ridge_of)),
            ("teacher, four networks", teacher),
            ("nano", student),
            ("CLIP ViT-B/32", corpus.images),
        )
    ]
    targets = dict.fromkeys(rows[0]) | {"image embeddings": "target of nano"} | TARGETS
    tables = {
        "Held-out photos": [*rows, targets],
        "The teacher, by number of real embeddings": learning_curve(pipeline),
    }
    publish("nano and CLIP", machine(), tables, args.json)


def figures(rows: Matrix, corpus: Corpus, truth: Truth, clip: float) -> dict[str, float]:
    """All measures of image embeddings.

    Args:
        rows: Unit embeddings (n, d) of the corpus's first n photos.
        corpus: The corpus.
        truth: Which captioned photos show which concepts.
        clip: Average precision of CLIP's own embeddings.
    """
    cosines, found = (rows * corpus.images).sum(1), precision(rows, corpus, truth)
    return {
        "cosine": float(cosines.mean()),
        **{source: float(cosines[corpus.sources == source].mean()) for source in SOURCES},
        "concept AP": found,
        "of CLIP's": found / clip,
        **{f"recall@{k}": recall(rows, corpus, k) for k in (1, 5, 10)},
    }


def precision(rows: Matrix, corpus: Corpus, truth: Truth) -> float:
    """Mean average precision of concepts by the score `z·c` with centred concepts c."""
    atoms = centre(corpus.concept_embeddings, corpus.concept_embeddings.mean(0))
    columns = [corpus.concepts.index(concept) for concept in truth.concepts]
    scores = rows[truth.rows] @ atoms[columns].T
    return float(
        np.mean(
            [
                average_precision(shown[np.argsort(-score, kind="stable")])
                for shown, score in zip(truth.present.T, scores.T, strict=True)
            ]
        )
    )


def recall(rows: Matrix, corpus: Corpus, k: int) -> float:
    """Share of captions t whose photo z is among the k best by the score `z·t`.

    The ranked photos are all 1,961 except the thumbnails of CIFAR-10.
    """
    scores = corpus.caption_embeddings @ rows[corpus.sources != "cifar500"].T
    own = (corpus.caption_embeddings * rows[corpus.caption_photos]).sum(1)
    return float(((scores > own[:, None] - 1e-6).sum(1) <= k).mean())  # ties count as better


def _by_fold(
    pipeline: Pipeline, predict: Callable[[Pipeline, NDArray[np.int64]], Matrix]
) -> Matrix:
    """Cross-validated embeddings (n, d): each photo is predicted from the other folds."""
    images = pipeline.corpus.images
    folds, rows = pipeline.folds[: len(images)], np.empty_like(images)
    for fold in range(FOLDS):
        held_out = folds == fold
        rows[held_out] = predict(pipeline, np.flatnonzero(~held_out))[: len(images)][held_out]
    return rows


def mean_vector(pipeline: Pipeline, training: NDArray[np.int64]) -> Matrix:
    """The mean of the training photos' embeddings for every photo, as a lower bound."""
    return np.tile(unit(pipeline.corpus.images[training].mean(0)), (len(pipeline.folds), 1))


def learning_curve(pipeline: Pipeline) -> list[Row]:
    """Mean cosine of the teacher on held-out photos, by number of real embeddings."""
    images = pipeline.corpus.images

    def cosine(share: float) -> float:
        def predict(_: Pipeline, training: NDArray[np.int64]) -> Matrix:
            fewer = np.random.default_rng(SEED).permutation(training)
            fewer = fewer[: int(len(training) * share)]
            return teach(pipeline.all_features, images, fewer).everything

        return float((_by_fold(pipeline, predict) * images).sum(1).mean())

    most = len(images) * (FOLDS - 1) / FOLDS
    return [{"embeddings": round(most * share), "cosine": cosine(share)} for share in SHARES]


def ridge_of(pipeline: Pipeline, training: NDArray[np.int64]) -> Matrix:
    """Ridge regression on the mean of EfficientNet-Lite2's last layer."""
    last = pipeline.features(2, 256)[:, -2560:-1280]
    return ridge(last, pipeline.corpus.images, training)


if __name__ == "__main__":
    main()
