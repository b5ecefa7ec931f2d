"""The result of `spurious`: what goes with labels, and what of it is suspicious."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.search.curation.statistics.proportions import Interval
from splicedex.search.curation.statistics.two_by_two import Cells
from splicedex.search.curation.subsets.subset import Example

THIN = 10
"""A cell with fewer images is too small to teach a model that label and concept can be apart."""


@dataclass(frozen=True, slots=True)
class Association:
    """How often label and concept occur together in one split.

    Args:
        split: The value of the split column; empty without a split.
        cells: Images by label and concept.
        difference: Share of the label's images with the concept minus that of the other labels'
            images, with Newcombe's interval.
    """

    split: str
    cells: Cells
    difference: Interval


@dataclass(frozen=True, slots=True)
class Companion:
    """A concept that goes with a label for a good reason.

    Args:
        label: The value of the label column.
        concept: The name that fits best.
        family: It and other concepts that make one line with it: near-synonyms, kinds of it, and
            what it is a kind of.
        query: A query that finds the images that are said to show the concept.
        strengths: The association in the split that is examined, then in the others together.
    """

    label: str
    concept: str
    family: tuple[str, ...]
    query: str
    strengths: tuple[Association, ...]


@dataclass(frozen=True, slots=True)
class Suspect:
    """A concept that goes with a label without a good reason.

    Args:
        label: The value of the label column.
        concept: The name that fits best.
        family: It and other suspects that make one line with it: near-synonyms, kinds of it, and
            what it is a kind of.
        query: A query that finds the images that are said to show the concept.
        difference: The difference of the shares; with a split, minus that of the other splits.
        contrast: Probability of the concept in the mean image of the label minus the mean of the
            others; with a split, minus that of the other splits.
        p: P-value for independence of label and concept; with a split, the larger of this and the
            p-value for the same odds ratio in all splits.
        q: P adjusted for all tested pairs of label and concept (Benjamini and Hochberg).
        strengths: The association in the split that is examined, then in the others together.
        thin: Cells with fewer than ten images, in the split that is examined.
        without: Counter-examples: images of the label without the concept, in that split.
        elsewhere: Counter-examples: images of other labels with the concept, in that split.
    """

    label: str
    concept: str
    family: tuple[str, ...]
    query: str
    difference: float
    contrast: float
    p: float
    q: float
    strengths: tuple[Association, ...]
    thin: tuple[str, ...]
    without: tuple[Example, ...]
    elsewhere: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Suspicions:
    """What goes with the labels of a subset.

    Args:
        label: The label column.
        split: The split column; None without one.
        part: The value of the split column that is examined; empty without one.
        images: How many images are examined.
        labels: The labels with their numbers of images.
        unknown: Labels that are not the name of a concept, so that nothing is known to be it or
            to belong with it, except concepts that share a word with it.
        tested: How many pairs of label and concept were tested.
        is_it: What is the thing that the label names: the same, a kind of it, or what the model
            takes it for.
        belongs: What belongs with that thing; with a split, what goes with it in the other splits
            as well.
        suspects: The rest, the most suspicious first. All of these claims stand, unless the
            caller named the concepts.
        notes: How the named words were understood, where that is not obvious.
    """

    label: str
    split: str | None
    part: str
    images: int
    labels: tuple[tuple[str, int], ...]
    unknown: tuple[str, ...]
    tested: int
    is_it: tuple[Companion, ...]
    belongs: tuple[Companion, ...]
    suspects: tuple[Suspect, ...]
    notes: tuple[str, ...]
