"""What is in a photo, according to the people who described it.

A concept is present where any of its five captions names it, by a word of the concept's family
(`word_families.json`: inflections and kinds of the thing, written down before anything was tuned).
Where one family's phrase contains another's word, the longest wins: a life jacket is no jacket.

Everyday wear (shirts, shoes, ...) is kept apart: it is in most photos of people and in few
captions, so what a caption leaves out is not absent. It is measured only when asked for.
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

FAMILIES = Path(__file__).with_name("word_families.json")
MINIMUM = 6
"""Fewest positives, and fewest negatives, of anything we average over."""


@dataclass(frozen=True)
class Truth:
    """Which captioned photos show which concepts.

    Attributes:
        rows: Line numbers of the n captioned photos in `images.csv` (and rows of the embeddings).
        files: Their file names.
        concepts: The c concepts with enough positives and negatives.
        present: (n, c) booleans.
        both: Pairs (a, b) to ask for `a AND b`.
        without: Pairs (a, b) to ask for `a AND NOT b`.
    """

    rows: NDArray[np.int64]
    files: tuple[str, ...]
    concepts: tuple[str, ...]
    present: NDArray[np.bool_]
    both: tuple[tuple[str, str], ...]
    without: tuple[tuple[str, str], ...]

    def of(self, concept: str) -> NDArray[np.bool_]:
        """The photos (n,) that show a concept."""
        return self.present[:, self.concepts.index(concept)]


def load_families(*groups: str) -> dict[str, list[str]]:
    """Concept -> the words and phrases that name it.

    Args:
        groups: Which of `things` and `everyday wear`; `things` by default.
    """
    table: dict[str, dict[str, list[str]]] = json.loads(FAMILIES.read_text(encoding="utf-8"))
    return {c: words for group in groups or ("things",) for c, words in table[group].items()}


def load_truth(
    folder: Path, families: Mapping[str, Sequence[str]] | None = None, minimum: int = MINIMUM
) -> Truth:
    """Read the truth from a folder with `images.csv` and `space/concepts.txt`.

    Args:
        folder: The photos with their embeddings (`shared/data/clip_vitb32`).
        families: Concept -> words; the things of `word_families.json` by default. Concepts
            outside the folder's vocabulary are left out.
        minimum: Fewest positives and negatives of a concept or pair.

    Returns:
        The truth. `a AND b` is asked of concepts whose families share no word (a puppy and a dog
        would be one question asked twice), `a AND NOT b` where in addition at least `minimum`
        photos show both, so that the NOT matters.
    """
    families = load_families() if families is None else families
    vocabulary = set((folder / "space" / "concepts.txt").read_text(encoding="utf-8").splitlines())
    with (folder / "images.csv").open(encoding="utf-8", newline="") as lines:
        table = [
            (row, record["file"], json.loads(record["captions"]))
            for row, record in enumerate(csv.DictReader(lines))
        ]
    captioned = [(row, file, captions) for row, file, captions in table if captions]
    known = {concept: words for concept, words in families.items() if concept in vocabulary}
    shown = present(known, [captions for _, _, captions in captioned])

    kept = [i for i in range(len(known)) if _enough(shown[:, i], minimum)]
    concepts = tuple(np.array(list(known))[kept].tolist())
    shown = shown[:, kept]
    column = dict(zip(concepts, shown.T, strict=True))

    def apart(a: str, b: str) -> bool:
        return not set(known[a]) & set(known[b])

    return Truth(
        rows=np.array([row for row, _, _ in captioned], dtype=np.int64),
        files=tuple(file for _, file, _ in captioned),
        concepts=concepts,
        present=shown,
        both=tuple(
            (a, b)
            for a, b in combinations(concepts, 2)
            if apart(a, b) and _enough(column[a] & column[b], minimum)
        ),
        without=tuple(
            (a, b)
            for a, b in permutations(concepts, 2)
            if apart(a, b)
            and (column[a] & column[b]).sum() >= minimum
            and _enough(column[a] & ~column[b], minimum)
        ),
    )


def present(
    families: Mapping[str, Sequence[str]], captions: Iterable[Sequence[str]]
) -> NDArray[np.bool_]:
    """Which photos' captions name which concepts: (photos, families)."""
    phrases = sorted({w for words in families.values() for w in words}, key=len, reverse=True)
    named = re.compile(r"\b(?:" + "|".join(map(re.escape, phrases)) + r")\b")
    words = [set(family) for family in families.values()]
    found = [set(named.findall(" . ".join(texts).lower().replace("-", " "))) for texts in captions]
    return np.array([[bool(family & seen) for family in words] for seen in found], dtype=np.bool_)


def average_precision(relevant: NDArray[np.bool_]) -> float:
    """Mean of the precision at each relevant photo, over a whole ranking.

    Args:
        relevant: (n,) the truth of every photo in the order it was ranked, best first.

    Returns:
        Between 0 and 1; 0 where nothing is relevant.
    """
    ranks = np.flatnonzero(relevant) + 1
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks)) if len(ranks) else 0.0


def f1(predicted: NDArray[np.bool_], relevant: NDArray[np.bool_]) -> float:
    """Harmonic mean of the precision and recall of a filter; both (n,)."""
    total = int(predicted.sum() + relevant.sum())
    return 2.0 * float((predicted & relevant).sum()) / total if total else 0.0


def _enough(positive: NDArray[np.bool_], minimum: int) -> bool:
    return bool(positive.sum() >= minimum and (~positive).sum() >= minimum)
