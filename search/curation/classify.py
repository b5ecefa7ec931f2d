"""Zero-shot classification over names, from dense and recomposed embeddings (paper, section 5.2).

Suppressing concepts before recomposing takes a cue out of the images, and shows what hung on it
(paper, section 6.2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from splicedex.search.curation.statistics.accuracy import Accuracy, accuracies, name_without
from splicedex.search.curation.subsets.reading import Progress, check_column, left_out, read, silent
from splicedex.search.curation.subsets.subset import subset, values_of
from splicedex.search.curation.subsets.weights import weights_of
from splicedex.search.query.resolve import resolve
from splicedex.search.searcher import Searcher
from splicedex.splice.align import Matrix, unit
from splicedex.splice.decomposition import intervene, recompose
from splicedex.splice.errors import UserError

PROMPT = "a photo of a {}"


@dataclass(frozen=True, slots=True)
class Classification:
    """What images are taken for.

    Args:
        query: The subset; empty for every image.
        images: How many were classified.
        names: What they may be.
        without: Concepts that were suppressed.
        methods: "dense", "recomposed", and "without ..." where concepts were suppressed.
        predicted: Images by name, for each method.
        agreement: Share of images that each method takes for the same as the dense one.
        accuracies: Overall and by group, for each method; empty where the truth is not known.
    """

    query: str
    images: int
    names: tuple[str, ...]
    without: tuple[str, ...]
    methods: tuple[str, ...]
    predicted: Mapping[str, Mapping[str, int]]
    agreement: Mapping[str, float]
    accuracies: tuple[Accuracy, ...]


def classify(
    searcher: Searcher,
    names: Sequence[str] = (),
    names_from: str | None = None,
    truth: str | None = None,
    by: str | None = None,
    query: str = "",
    without: Sequence[str] = (),
    on_progress: Progress = silent,
) -> Classification:
    """Classify the images of a subset.

    Args:
        searcher: Of an open index.
        names: What the images may be; `automobile=car` looks for "car" and says "automobile".
        names_from: A column whose values are names too.
        truth: Column that holds the right name; by default `names_from`.
        by: Column of groups to tell accuracies apart by.
        query: The subset; empty for every image.
        without: Concepts to suppress, with their families.
        on_progress: Called with images done and their total.

    Raises:
        UserError: Fewer than two names, a name without an embedding, an unknown column or concept,
            or the query cannot be a subset.
    """
    index = searcher.index
    chosen = subset(searcher, query)
    listed = [_pair(name) for name in names]
    if names_from is not None:
        said = {name for name, _ in listed}
        found = (value for value, _ in values_of(searcher, names_from, chosen))
        listed += [(value, value.replace("_", " ")) for value in found if value not in said]
        truth = truth or names_from
    if len(listed) < 2:
        raise UserError("one name is no choice", "give two or more: --names cat,dog")
    for column in (truth, by):
        if column is not None:
            check_column(index, column)
    labels = np.array([name for name, _ in listed], dtype=object)
    towards = np.stack([_embedding(searcher, phrase) for _, phrase in listed])
    removed = left_out(searcher, without)
    methods = ("dense", "recomposed", *([name_without(without)] if removed else []))
    taken: list[list[np.ndarray]] = [[] for _ in methods]
    truths: list[str] = []
    groups: list[str] = []
    columns = tuple(dict.fromkeys(column for column in (truth, by) if column))
    for hits in read(index, chosen, columns, on_progress, with_dense=True):
        weights = weights_of(hits, len(index.space.concepts))
        rows = [
            np.stack([hit.dense for hit in hits if hit.dense is not None]),
            recompose(index.space, weights),
            *([recompose(index.space, intervene(weights, suppress=removed))] if removed else []),
        ]
        for found_, vectors in zip(taken, rows, strict=True):
            found_.append(np.argmax(vectors @ towards.T, axis=1))
        truths += [str(hit.payload.get(truth or "", "")) for hit in hits]
        groups += [str(hit.payload.get(by or "", "")) for hit in hits]
    predictions = [labels[np.concatenate(found_)] for found_ in taken]
    accuracy: list[Accuracy] = []
    if truth is not None:
        right = np.array([name.casefold() for name in truths], dtype=object)
        for method, said_ in zip(methods, predictions, strict=True):
            folded = np.array([name.casefold() for name in said_], dtype=object)
            accuracy += accuracies(method, folded == right, groups)
    return Classification(
        query,
        len(truths),
        tuple(labels),
        tuple(without),
        methods,
        {m: dict(Counter(said_.tolist())) for m, said_ in zip(methods, predictions, strict=True)},
        {
            m: float(np.mean(said_ == predictions[0]))
            for m, said_ in zip(methods, predictions, strict=True)
        },
        tuple(accuracy),
    )


def _pair(name: str) -> tuple[str, str]:
    """A name and the phrase that stands for it."""
    said, _, phrase = (part.strip() for part in name.partition("="))
    if not said:
        raise UserError("a name is empty", "write names as cat,dog,automobile=car")
    return said, phrase or said


def _embedding(searcher: Searcher, phrase: str) -> Matrix:
    """A text embedding (d,): of a prompt, or without a text encoder of the space's own concepts."""
    if searcher.context.encode is not None:
        return unit(searcher.context.encode(PROMPT.format(phrase)))
    space = searcher.index.space
    try:
        family = resolve(space, phrase).family
    except UserError as error:
        raise UserError(
            f"{phrase!r} is no concept, and this index has no text encoder",
            f"name a concept that stands for it: {phrase}=CONCEPT",
        ) from error
    embedding: Matrix = space.texts[next(iter(family))]
    return embedding
