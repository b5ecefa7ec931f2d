"""Text-to-image recall of recomposed embeddings, compared with the dense ones.

    python -m benchmarks.recomposition [--json PATH]

250 captions are searched among the 1,706 photos of Flickr30k, with real CLIP embeddings. The
photos' embeddings are dense, or recomposed from their concepts (paper, section 5.2).
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import machine
from benchmarks.report import publish
from splicedex.splice.align import unit
from splicedex.splice.decomposition import decompose, recompose, reconstruction_cosine
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.sparsity import Sparsity

DATA = Path(__file__).parents[2] / "shared" / "data" / "clip_vitb32"
PENALTIES = (0.15, 0.2, 0.25, 0.3)


def recall(
    images: NDArray[np.floating], captions: NDArray[np.floating], own: NDArray[np.int64]
) -> dict[str, float]:
    """Recall of each caption's own photo.

    Args:
        images: Image embeddings (n, d), unit length.
        captions: Text embeddings (m, d), unit length.
        own: Row (m,) of each caption's photo.
    """
    scores = images @ captions.T
    ranks = (scores > scores[own, np.arange(len(own))]).sum(axis=0)
    return {f"recall@{k}": float((ranks < k).mean()) for k in (1, 5, 10)}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    options = parser.parse_args(arguments)
    if not DATA.is_dir():
        parser.exit(0, "skipped: ../shared/data does not exist\n")
    space = ConceptSpace.load(DATA / "space")
    listed, asked = _read("images.csv"), _read("captions.csv")
    flickr = [i for i, row in enumerate(listed) if row["source"] == "flickr30k2k"]
    images = unit(np.load(DATA / "image_embeddings.npy"))[flickr]
    number = {listed[i]["file"]: n for n, i in enumerate(flickr)}
    own = np.array([number[row["file"]] for row in asked])
    captions = unit(np.load(DATA / "caption_embeddings.npy"))
    rows: list[dict[str, Any]] = [
        {"embeddings": "dense", "concepts": None, "cosine": None, **recall(images, captions, own)}
    ]
    for penalty in PENALTIES:
        weights = decompose(space, images, Sparsity(penalty))
        rows.append(
            {
                "embeddings": f"recomposed, λ {penalty}",
                "concepts": weights.nnz / len(images),
                "cosine": float(reconstruction_cosine(space, images, weights).mean()),
                **recall(recompose(space, weights), captions, own),
            }
        )
    tables = {"250 captions, 1,706 photos": rows}
    publish("Text recall of recomposed embeddings", machine(), tables, options.json)


def _read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


if __name__ == "__main__":
    main()
