"""`classify`: zero-shot classification by name, from dense and from recomposed embeddings.

Comparing the two shows how much the concepts keep of an image (SpLiCE paper, section 5.2).
Suppressing concepts before recomposing removes a cue from the images, and shows how much depends on
it (section 6.2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.query import Hit
from splicedex.search.curation.concepts.suppressed import name_without, suppressed_ids
from splicedex.search.curation.statistics.accuracy import Accuracy, accuracies
from splicedex.search.curation.subsets.checks import check_columns
from splicedex.search.curation.subsets.reading import Progress, column_values, read, silent
from splicedex.search.curation.subsets.subset import Subset, subset, values_of
from splicedex.search.curation.subsets.weights import weights_of
from splicedex.search.query.resolve import resolve
from splicedex.search.searcher import Searcher
from splicedex.splice.align import Matrix, unit
from splicedex.splice.decomposition import intervene, recompose
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError

PROMPT = "a photo of a {}"
_EXAMPLE = "cat,dog,automobile=car"


@dataclass(frozen=True, slots=True)
class Classification:
    """The predicted names of images.

    Args:
        query: The query of the subset; empty for every image.
        images: How many images were classified.
        names: The names to choose from.
        without: Words for the concepts that were suppressed.
        methods: "dense", "recomposed", and "without ..." if concepts were suppressed.
        predicted: Number of images by name, for each method.
        agreement: Share of images where each method predicts the same name as "dense".
        accuracies: Accuracy overall and by group, for each method; empty without true names.
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
        searcher: A searcher of an open index.
        names: The names to choose from; `automobile=car` compares images with "car" and reports
            "automobile".
        names_from: A column whose values are names too.
        truth: The column of true names; by default `names_from`.
        by: A column of groups, to report the accuracy of each.
        query: The query of the subset; empty for every image.
        without: Words for concepts to suppress, with their near-synonyms.
        on_progress: Called with images done and their total.

    Raises:
        UserError: There are fewer than two names, a name has no embedding, a column or concept is
            unknown, or the query cannot be a subset.
    """
    chosen = subset(searcher, query)
    classes = _classes(searcher, names, names_from, chosen)
    truth = truth or names_from
    check_columns(searcher.index, truth, by)
    texts = np.stack([_text_embedding(searcher, one.phrase) for one in classes])
    suppressed = suppressed_ids(searcher, without)
    methods = ("dense", "recomposed", *([name_without(without)] if suppressed else []))
    images = _predict(searcher, chosen, texts, suppressed, truth, by, on_progress)
    labels = np.array([one.name for one in classes], dtype=object)
    predicted = dict(zip(methods, labels[images.predicted], strict=True))
    return Classification(
        query=query,
        images=len(images.truths),
        names=tuple(labels),
        without=tuple(without),
        methods=methods,
        predicted={method: dict(Counter(found.tolist())) for method, found in predicted.items()},
        agreement={
            method: float(np.mean(found == predicted["dense"]))
            for method, found in predicted.items()
        },
        accuracies=_score(predicted, images) if truth is not None else (),
    )


@dataclass(frozen=True, slots=True)
class _Class:
    """A class: its name in the result, and the phrase that images are compared with."""

    name: str
    phrase: str


@dataclass(frozen=True, eq=False)
class _Predictions:
    """What m methods predict for n images.

    Args:
        predicted: Class numbers (m, n).
        truths: True names (n,); empty where unknown.
        groups: Groups (n,); empty where unknown.
    """

    predicted: NDArray[np.int64]
    truths: list[str]
    groups: list[str]


def _classes(
    searcher: Searcher, names: Sequence[str], names_from: str | None, chosen: Subset
) -> list[_Class]:
    """The classes to choose from, by name and then by the values of a column.

    Raises:
        UserError: There are fewer than two, or a name is empty.
    """
    classes = [_class(name) for name in names]
    if names_from is not None:
        given = {one.name for one in classes}
        for value, _ in values_of(searcher, names_from, chosen):
            if value not in given:
                classes.append(_Class(value, value.replace("_", " ")))
    if len(classes) < 2:
        raise UserError(
            "there are fewer than two names to choose from", f"give more: --names {_EXAMPLE}"
        )
    return classes


def _class(text: str) -> _Class:
    """A class from `name` or `name=phrase`."""
    name, _, phrase = (part.strip() for part in text.partition("="))
    if not name:
        raise UserError("a name is empty", f"write names as {_EXAMPLE}")
    return _Class(name, phrase or name)


def _text_embedding(searcher: Searcher, phrase: str) -> Matrix:
    """A text embedding (d,): of a prompt, or without a text encoder of the concept of that name."""
    if searcher.context.encode is not None:
        return unit(searcher.context.encode(PROMPT.format(phrase)))
    space = searcher.index.space
    try:
        concept = resolve(space, phrase).meant[0]
    except UserError as error:
        raise UserError(
            f"{phrase!r} is no concept, and this index has no text encoder",
            f"name a concept to compare with: {phrase}=CONCEPT",
        ) from error
    embedding: Matrix = space.texts[concept]
    return embedding


def _predict(
    searcher: Searcher,
    chosen: Subset,
    texts: Matrix,
    suppressed: Sequence[int],
    truth: str | None,
    by: str | None,
    on_progress: Progress,
) -> _Predictions:
    """Read the images and find the nearest of the k texts (k, d) by each method."""
    index = searcher.index
    blocks: list[NDArray[np.int64]] = []
    truths: list[str] = []
    groups: list[str] = []
    columns = check_columns(index, truth, by)
    for hits in read(index, chosen, columns, on_progress, with_dense=True):
        methods = _embeddings(index.space, hits, suppressed)
        blocks.append(np.stack([np.argmax(rows @ texts.T, axis=1) for rows in methods]))
        truths += column_values(hits, truth)
        groups += column_values(hits, by)
    return _Predictions(np.concatenate(blocks, axis=1), truths, groups)


def _embeddings(
    space: ConceptSpace, hits: Sequence[Hit], suppressed: Sequence[int]
) -> list[Matrix]:
    """The embeddings (n, d) that each method classifies."""
    weights = weights_of(hits, len(space.concepts))
    dense = np.stack([hit.dense for hit in hits if hit.dense is not None])
    found = [dense, recompose(space, weights)]
    if suppressed:
        found.append(recompose(space, intervene(weights, suppress=suppressed)))
    return found


def _score(
    predicted: Mapping[str, NDArray[np.object_]], images: _Predictions
) -> tuple[Accuracy, ...]:
    """Accuracies of each method; upper and lower case of names do not matter."""
    truths = np.array([name.casefold() for name in images.truths], dtype=object)
    found: list[Accuracy] = []
    for method, names in predicted.items():
        folded = np.array([name.casefold() for name in names], dtype=object)
        found += accuracies(method, folded == truths, images.groups)
    return tuple(found)
