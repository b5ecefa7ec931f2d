"""The result of `spurious`: concepts that occur with a label more than its meaning explains."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.search.curation.statistics.proportions import Interval
from splicedex.search.curation.statistics.two_by_two import Cells
from splicedex.search.curation.subsets.subset import Example

THIN = 10
"""A cell with fewer images is too small to teach a model that label and concept can be apart."""


@dataclass(frozen=True, slots=True)
class Association:
    """The association of a label and a concept in one split.

    Args:
        split: The value of the split column; empty without a split.
        cells: Images by label and concept.
        phi: Correlation φ of label and concept, with its bootstrap interval.
        npmi: Normalised pointwise mutual information, with its bootstrap interval.
    """

    split: str
    cells: Cells
    phi: Interval
    npmi: Interval


@dataclass(frozen=True, slots=True)
class Suspect:
    """A concept that occurs with a label more than is explained.

    Args:
        label: The value of the label column.
        concept: The most frequent name of the concept.
        family: All its names (near-synonyms), the most frequent first.
        query: A query that finds the images with the concept.
        excess: φ minus what is explained, with its bootstrap interval.
        explained: The part of φ that the label's own concept explains.
        v: Cramér's V of the concept with all labels, corrected for bias, with its interval.
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
    excess: Interval
    explained: float
    v: Interval
    p: float
    q: float
    strengths: tuple[Association, ...]
    thin: tuple[str, ...]
    without: tuple[Example, ...]
    elsewhere: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Suspicions:
    """The suspicious concepts of the labels of a subset.

    Args:
        label: The label column.
        split: The split column; None without one.
        part: The value of the split column that is examined; empty without one.
        images: How many images are examined.
        labels: The labels with their numbers of images.
        unknown: Labels that are not the name of a concept, so that nothing is explained by it.
        tested: How many pairs of label and concept were tested.
        suspects: The suspects, largest excess first. All have q < .05, unless the caller named
            the concepts.
        notes: How the named words were understood, where that is not obvious.
    """

    label: str
    split: str | None
    part: str
    images: int
    labels: tuple[tuple[str, int], ...]
    unknown: tuple[str, ...]
    tested: int
    suspects: tuple[Suspect, ...]
    notes: tuple[str, ...]
