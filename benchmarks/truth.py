"""The truth of benchmarks: which concepts a photo shows, according to its captions.

A concept is present if one of the photo's five captions contains one of the concept's phrases
(`concept_phrases.json`: inflections, kinds and other names, written before anything was tuned). If
a phrase is part of a longer one, only the longer one counts: a life jacket is not a jacket.

Everyday wear (shirts, shoes, ...) is a separate group: it is in most photos of people but in few
captions, so a concept that no caption names may still be present. It is measured on request only.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

PHRASES = Path(__file__).with_name("concept_phrases.json")
MINIMUM = 6
"""Minimum number of positive and of negative photos of a concept or pair."""


@dataclass(frozen=True)
class Truth:
    """Which captioned photos show which concepts.

    Attributes:
        rows: Row (n,) of each captioned photo in `images.csv` and in the embeddings.
        files: Their file names.
        concepts: The c concepts with enough positive and negative photos.
        present: Whether (n, c) each photo shows each concept.
        both: Pairs (a, b) for queries `a AND b`.
        without: Pairs (a, b) for queries `a AND NOT b`.
    """

    rows: NDArray[np.int64]
    files: tuple[str, ...]
    concepts: tuple[str, ...]
    present: NDArray[np.bool_]
    both: tuple[tuple[str, str], ...]
    without: tuple[tuple[str, str], ...]

    def of(self, concept: str) -> NDArray[np.bool_]:
        """Whether (n,) each photo shows a concept."""
        return self.present[:, self.concepts.index(concept)]


def load_phrases(*groups: str) -> dict[str, list[str]]:
    """Load the words and phrases that name each concept.

    Args:
        groups: `things`, `everyday wear` or both; `things` by default.

    Returns:
        Phrases by concept.
    """
    table: dict[str, dict[str, list[str]]] = json.loads(PHRASES.read_text(encoding="utf-8"))
    return {c: names for group in groups or ("things",) for c, names in table[group].items()}


def load_truth(
    folder: Path, phrases: Mapping[str, Sequence[str]] | None = None, minimum: int = MINIMUM
) -> Truth:
    """Compute the truth of the captioned photos in a folder.

    Args:
        folder: A folder with `images.csv` and `space/concepts.txt` (`shared/data/clip_vitb32`).
        phrases: Phrases by concept; the things of `concept_phrases.json` by default. Concepts that
            are not in the folder's vocabulary are left out.
        minimum: Minimum number of positive and of negative photos of a concept or pair.

    Returns:
        The truth. Pairs have no phrase in common (a puppy is also a dog). For `a AND NOT b`, at
        least `minimum` photos show both, so that the NOT makes a difference.
    """
    phrases = load_phrases() if phrases is None else phrases
    vocabulary = set((folder / "space" / "concepts.txt").read_text(encoding="utf-8").splitlines())
    with (folder / "images.csv").open(encoding="utf-8", newline="") as lines:
        table = [
            (row, record["file"], json.loads(record["captions"]))
            for row, record in enumerate(csv.DictReader(lines))
        ]
    captioned = [(row, file, captions) for row, file, captions in table if captions]
    known = {concept: names for concept, names in phrases.items() if concept in vocabulary}
    shown = present(known, [captions for _, _, captions in captioned])

    enough = [i for i in range(len(known)) if _enough(shown[:, i], minimum)]
    concepts = tuple(np.array(list(known))[enough].tolist())
    shown = shown[:, enough]
    column = dict(zip(concepts, shown.T, strict=True))

    def disjoint(a: str, b: str) -> bool:
        return not set(known[a]) & set(known[b])

    return Truth(
        rows=np.array([row for row, _, _ in captioned], dtype=np.int64),
        files=tuple(file for _, file, _ in captioned),
        concepts=concepts,
        present=shown,
        both=tuple(
            (a, b)
            for a, b in combinations(concepts, 2)
            if disjoint(a, b) and _enough(column[a] & column[b], minimum)
        ),
        without=tuple(
            (a, b)
            for a, b in permutations(concepts, 2)
            if disjoint(a, b)
            and (column[a] & column[b]).sum() >= minimum
            and _enough(column[a] & ~column[b], minimum)
        ),
    )


def present(
    phrases: Mapping[str, Sequence[str]], captions: Iterable[Sequence[str]]
) -> NDArray[np.bool_]:
    """Find the concepts that captions name.

    Args:
        phrases: Phrases of each of c concepts.
        captions: The captions of each of n photos.

    Returns:
        Whether (n, c) a caption of each photo names each concept.
    """
    longest_first = sorted({p for names in phrases.values() for p in names}, key=len, reverse=True)
    named = re.compile(r"\b(?:" + "|".join(map(re.escape, longest_first)) + r")\b")
    names = [set(concept) for concept in phrases.values()]
    found = [set(named.findall(" . ".join(texts).lower().replace("-", " "))) for texts in captions]
    return np.array([[bool(concept & seen) for concept in names] for seen in found], dtype=np.bool_)


def average_precision(relevant: NDArray[np.bool_]) -> float:
    """Compute the mean of the precision at each relevant photo.

    Args:
        relevant: Whether (n,) each photo is relevant, in the order of the ranking, best first.

    Returns:
        Average precision, 0 to 1; 0 if no photo is relevant.
    """
    ranks = np.flatnonzero(relevant) + 1
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks)) if len(ranks) else 0.0


def f1(predicted: NDArray[np.bool_], relevant: NDArray[np.bool_]) -> float:
    """Harmonic mean of precision and recall of predictions (n,) against the truth (n,)."""
    total = int(predicted.sum() + relevant.sum())
    return 2.0 * float((predicted & relevant).sum()) / total if total else 0.0


def _enough(positive: NDArray[np.bool_], minimum: int) -> bool:
    return bool(positive.sum() >= minimum and (~positive).sum() >= minimum)
