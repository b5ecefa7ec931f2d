"""What decompositions keep, with penalties by word frequency and with uniform ones.

    python -m benchmarks.recomposition [--json PATH]

All embeddings are real ones of CLIP. 250 captions are searched among the 1,706 photos of Flickr30k,
whose embeddings are dense, or recomposed from their concepts (paper, section 5.2). 500 photos of
CIFAR-10 are classified by the names of the classes, likewise (section 5.1). "Named" is the share of
the three heaviest concepts of a photo that one of its five captions names literally, over the 305
photos that have captions.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from benchmarks.machine import machine
from benchmarks.report import publish
from splicedex.splice.align import unit
from splicedex.splice.decomposition import decompose, recompose, reconstruction_cosine
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.dictionary.word_frequency import bundled_frequency
from splicedex.splice.sparsity import Sparsity

DATA = Path(__file__).parents[2] / "shared" / "data" / "clip_vitb32"
PENALTIES = (0.15, 0.25, 0.35)
CIFAR = {"airplane": "airplane", "automobile": "car"}
"""Concepts for the classes of CIFAR-10, where the names differ."""


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
    photos = _Photos.read(space)
    rows: list[dict[str, Any]] = [
        {"embeddings": "dense", "concepts": None, "cosine": None, "named": None}
        | photos.scores(photos.images)
    ]
    by_frequency = Lexicon.of_space(space, bundled_frequency()).penalties
    for name, penalties in (("uniform", None), ("by frequency", by_frequency)):
        for penalty in PENALTIES:
            weights = decompose(space, photos.images, Sparsity(penalty), penalties)
            cosines = reconstruction_cosine(space, photos.images, weights)
            rows.append(
                {
                    "embeddings": f"recomposed, λ {penalty} {name}",
                    "concepts": weights.nnz / len(photos.images),
                    "cosine": float(cosines.mean()),
                    "named": photos.named(weights),
                }
                | photos.scores(recompose(space, weights))
            )
    publish("Recomposed embeddings", machine(), {"2,461 photos": rows}, options.json)


@dataclass(frozen=True, eq=False)
class _Photos:
    """The photos, and what they are measured by.

    Args:
        space: The concept space.
        images: Embeddings (n, d), unit length.
        flickr: Rows of the photos of Flickr30k.
        captions: Embeddings (m, d) of captions, unit length.
        own: Number (m,) of each caption's photo among those of Flickr30k.
        said: The captions of the photos that have some, by row.
        classes: The class of the photos of CIFAR-10, by row.
    """

    space: ConceptSpace
    images: NDArray[np.float32]
    flickr: Sequence[int]
    captions: NDArray[np.float32]
    own: NDArray[np.int64]
    said: Mapping[int, str]
    classes: Mapping[int, str]

    @classmethod
    def read(cls, space: ConceptSpace) -> _Photos:
        listed, asked = _read("images.csv"), _read("captions.csv")
        flickr = [i for i, row in enumerate(listed) if row["source"] == "flickr30k2k"]
        number = {listed[i]["file"]: n for n, i in enumerate(flickr)}
        return cls(
            space,
            unit(np.load(DATA / "image_embeddings.npy")),
            flickr,
            unit(np.load(DATA / "caption_embeddings.npy")),
            np.array([number[row["file"]] for row in asked]),
            {
                i: " ".join(json.loads(row["captions"])).lower()
                for i, row in enumerate(listed)
                if row["captions"] not in {"", "[]"}
            },
            {i: row["label"] for i, row in enumerate(listed) if row["source"] == "cifar500"},
        )

    def scores(self, embeddings: NDArray[np.floating]) -> dict[str, float]:
        """Recall of captions, and zero-shot accuracy, with embeddings (n, d) of the photos."""
        found = recall(embeddings[self.flickr], self.captions, self.own)
        names = sorted(set(self.classes.values()))
        texts = unit(self.space.texts[[self.space.ids[CIFAR.get(one, one)] for one in names]])
        best = (embeddings[list(self.classes)] @ texts.T).argmax(axis=1)
        right = [
            names[one] == label for one, label in zip(best, self.classes.values(), strict=True)
        ]
        return {**found, "zero-shot": float(np.mean(right))}

    def named(self, weights: csr_array) -> float:
        """Share of the three heaviest concepts (n, c) that captions name."""
        hits = []
        for row, text in self.said.items():
            start, end = weights.indptr[row : row + 2]
            best = start + np.argsort(-weights.data[start:end])[:3]
            for concept in weights.indices[best]:
                name = re.escape(self.space.concepts[concept].lower())
                hits.append(re.search(rf"\b{name}(s|es)?\b", text) is not None)
        return float(np.mean(hits))


def _read(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


if __name__ == "__main__":
    main()
