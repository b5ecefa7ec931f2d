"""What nano is taught from: photos, names and captions, with real CLIP embeddings where known."""

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
    """One photo of either set.

    Attributes:
        path: Where it lies.
        source: The collection it is from.
        labels: The things it is labelled with, and its medium ("painting") where that is told.
        captions: What people wrote about it, often nothing.
    """

    path: Path
    source: str
    labels: tuple[str, ...]
    captions: tuple[str, ...]


@dataclass(frozen=True)
class Name:
    """A class name, as a concept and in the prompt that was embedded."""

    concept: str
    prompt: str


@dataclass(frozen=True)
class Corpus:
    """Everything in `../shared/data` that nano learns from; d is 512.

    Attributes:
        photos: n + m photos: first n with a real embedding, then m with a label or captions only.
        images: (n, d) real CLIP embeddings of the first n photos, unit rows.
        names: The c class names.
        name_embeddings: (c, d) real embeddings of their prompts, unit rows.
        concepts: k distinct names.
        concept_embeddings: (k, d) the same without what a prompt's style adds.
        captions: t captions.
        caption_embeddings: (t, d) their real embeddings, unit rows.
        caption_photos: (t,) the row of the photo each caption describes.
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
        """(n,) the collection of each photo that has a real embedding."""
        return np.array([photo.source for photo in self.photos[: len(self.images)]])

    @cached_property
    def label_directions(self) -> Matrix:
        """(n + m, d) centred unit concept of each photo's labels, zero where none is a concept."""
        atoms = centre(self.concept_embeddings, self.concept_embeddings.mean(0))
        atom_of = dict(zip(self.concepts, atoms, strict=True))
        rows = np.zeros((len(self.photos), atoms.shape[1]), np.float32)
        for row, photo in zip(rows, self.photos, strict=True):
            for label in photo.labels:
                row += atom_of.get(label, 0)
        return unit(rows)


def load_corpus(data: Path) -> Corpus:
    """Read the corpus from the data folder (`../shared/data`).

    The 57 photos that are also in `spurious_pacs` are left out: `benchmarks.curation` tests there.
    """
    known, labelled = data / "clip_vitb32", data / "photos"
    rows = _read(known / "images.csv")
    tested = {f"pacs_{r['file']}" for r in _read(data / "spurious_pacs" / "labels.csv")}
    told = [r for r in _read(labelled / "labels.csv") if r["file"] not in tested]
    photos = [
        Photo(folder / "images" / r["file"], r["source"], _labels(r), _captions(r))
        for folder, listed in ((known, rows), (labelled, told))
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
    """A class name as people would type it: `bow_(weapon)` is "bow"."""
    return " ".join(re.sub(r"\(.*?\)", " ", name.replace("_", " ")).split()).lower()


def flickr_ids(photos: Sequence[Photo]) -> list[str | None]:
    """The photo's number at Flickr where its file name has one: the two sets share 305 photos."""
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
