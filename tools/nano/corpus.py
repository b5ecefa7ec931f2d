"""nano's training data: photos, class names and captions, some with real CLIP embeddings."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import Matrix, centre, unit

FLICKR_ID = re.compile(r"flickr\w*?_(\d{6,})")


@dataclass(frozen=True)
class Photo:
    """A photo.

    Attributes:
        path: Its file.
        source: The collection that it comes from.
        labels: Its labels, and its medium ("painting") if known.
        captions: Its captions; empty for most photos.
    """

    path: Path
    source: str
    labels: tuple[str, ...]
    captions: tuple[str, ...]


@dataclass(frozen=True)
class Name:
    """A class name: the concept, and the prompt that was embedded."""

    concept: str
    prompt: str


@dataclass(frozen=True)
class Corpus:
    """All training data of nano, from `../shared/data`. The dimension d is 512.

    Attributes:
        photos: n photos with a real CLIP embedding, then m photos with labels or captions only.
        images: Real CLIP embeddings (n, d) of the first n photos, unit length.
        names: The c class names.
        name_embeddings: Real embeddings (c, d) of their prompts, unit length.
        concepts: The k distinct class names.
        concept_embeddings: Their embeddings (k, d), without the effect of a prompt's style.
        captions: The t captions with a real embedding.
        caption_embeddings: Their real embeddings (t, d), unit length.
        caption_photos: Row (t,) in `photos` of the photo that each caption describes.
    """

    photos: tuple[Photo, ...]
    images: Matrix
    names: tuple[Name, ...]
    name_embeddings: Matrix
    concepts: tuple[str, ...]
    concept_embeddings: Matrix
    captions: tuple[str, ...]
    caption_embeddings: Matrix
    caption_photos: NDArray[np.int64]

    @cached_property
    def sources(self) -> NDArray[np.str_]:
        """Collection (n,) of each photo that has a real embedding."""
        return np.array([photo.source for photo in self.photos[: len(self.images)]])

    @cached_property
    def label_directions(self) -> Matrix:
        """Centred unit embeddings (n + m, d) of the photos' labels; 0 if no label is a concept."""
        atoms = centre(self.concept_embeddings, self.concept_embeddings.mean(0))
        atom_of = dict(zip(self.concepts, atoms, strict=True))
        rows = np.zeros((len(self.photos), atoms.shape[1]), np.float32)
        for row, photo in zip(rows, self.photos, strict=True):
            for label in photo.labels:
                row += atom_of.get(label, 0)
        return unit(rows)


def load_corpus(data: Path) -> Corpus:
    """Read the corpus.

    The 57 photos that are also in `spurious_pacs` are left out, because `benchmarks.curation` tests
    on them.

    Args:
        data: The data folder (`../shared/data`).
    """
    known, labelled = data / "clip_vitb32", data / "photos"
    rows = _read(known / "images.csv")
    tested = {f"pacs_{r['file']}" for r in _read(data / "spurious_pacs" / "labels.csv")}
    training = [r for r in _read(labelled / "labels.csv") if r["file"] not in tested]
    photos = [
        Photo(folder / "images" / r["file"], r["source"], _labels(r), _captions(r))
        for folder, listed in ((known, rows), (labelled, training))
        for r in listed
    ]
    captions = _read(known / "captions.csv")
    row_of = {r["file"]: row for row, r in enumerate(rows)}
    return Corpus(
        photos=tuple(photos),
        images=_unit(known / "image_embeddings.npy"),
        names=tuple(Name(plain(r["name"]), r["prompt"]) for r in _read(known / "names.csv")),
        name_embeddings=_unit(known / "name_embeddings.npy"),
        concepts=tuple((known / "space" / "concepts.txt").read_text("utf-8").splitlines()),
        concept_embeddings=_unit(known / "space" / "concept_embeddings.npy"),
        captions=tuple(r["caption"] for r in captions),
        caption_embeddings=_unit(known / "caption_embeddings.npy"),
        caption_photos=np.array([row_of[r["file"]] for r in captions]),
    )


def plain(name: str) -> str:
    """Convert a class name to plain words: `bow_(weapon)` becomes "bow"."""
    return " ".join(re.sub(r"\(.*?\)", " ", name.replace("_", " ")).split()).lower()


def flickr_ids(photos: Sequence[Photo]) -> list[str | None]:
    """The Flickr number in each photo's file name, or None. The two sets share 305 photos."""
    found = [FLICKR_ID.match(photo.path.name) for photo in photos]
    return [match.group(1) if match else None for match in found]


def _labels(row: dict[str, str]) -> tuple[str, ...]:
    medium = row.get("domain", "").rpartition("_")[2]  # art_painting
    return tuple(plain(label) for label in (*row["label"].split(";"), medium) if label)


def _captions(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(json.loads(row["captions"] or "[]"))


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def _unit(path: Path) -> Matrix:
    return unit(np.load(path).astype(np.float32))
