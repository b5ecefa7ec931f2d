"""Quality of presence in small collections, where there is little data to calibrate it.

    python -m benchmarks.small_collections [--draws N] [--json PATH]

Draws photos at random from the 305 captioned ones of the data folder, indexes them alone, and
searches for each concept of `benchmarks.quality`. Results are pooled over all draws. The truth
comes from the captions.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import machine
from benchmarks.quality import DATA, Photos, indexed
from benchmarks.report import publish
from benchmarks.truth import Truth, load_truth
from splicedex.indexer.payload.presence import PRESENCE
from splicedex.search.searcher import Searcher

SIZES = (10, 20, 50, 100, 200)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--draws", type=int, default=20, help="collections of each size")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    options = parser.parse_args(arguments)
    if not DATA.is_dir():
        parser.exit(0, "skipped: ../shared/data does not exist\n")
    truth = load_truth(DATA)
    rows = [pooled(truth, size, options.draws) for size in SIZES]
    publish(
        f"Presence in small collections: {len(truth.concepts)} concepts, {options.draws} draws",
        machine(),
        {"By number of photos in the index": rows},
        options.json,
    )


def pooled(truth: Truth, size: int, draws: int) -> dict[str, Any]:
    """Precision and recall over all results, mean F1 of the concepts, and concepts per image."""
    random = np.random.default_rng(size)
    found, shown, total = [], [], 0
    for _ in range(draws):
        some = np.sort(random.choice(len(truth.files), size, replace=False))
        answers, count = search_all(
            replace(
                truth,
                rows=truth.rows[some],
                files=tuple(truth.files[row] for row in some),
                present=truth.present[some],
            )
        )
        found.append(answers)
        shown.append(truth.present[some])
        total += count
    answered, true = np.concatenate(found), np.concatenate(shown)
    right = (answered & true).sum(axis=0)
    relevant, retrieved = true.sum(axis=0), answered.sum(axis=0)
    return {
        "photos": size,
        "precision": float(right.sum() / retrieved.sum()),
        "recall": float(right.sum() / relevant.sum()),
        "F1": float((2 * right / np.maximum(relevant + retrieved, 1)).mean()),
        "concepts per image": total / len(true),
    }


def search_all(truth: Truth) -> tuple[NDArray[np.bool_], int]:
    """Index photos and search for each concept.

    Args:
        truth: The n photos and c concepts.

    Returns:
        Whether (n, c) each photo is found, and the number of concepts present in all photos, out of
        the whole vocabulary.
    """
    with tempfile.TemporaryDirectory() as folder:
        embeddings, files = Path(folder) / "embeddings.npy", Path(folder) / "files.csv"
        np.save(embeddings, np.load(DATA / "image_embeddings.npy")[truth.rows])
        with files.open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows([["file"], *([file] for file in truth.files)])
        with indexed(embeddings, files) as index:
            photos = Photos(index, Searcher(index), truth)
            found = np.stack([photos.found(f'"{concept}"') for concept in truth.concepts], axis=1)
            return found, sum(len(hit.payload[PRESENCE]) for hit in index.engine.scroll())


if __name__ == "__main__":
    main()
