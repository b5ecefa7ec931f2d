"""What there is to say of a concept that goes with a label although it need not."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.search.curation.statistics.proportions import Interval
from splicedex.search.curation.subsets.crosstab import Cells
from splicedex.search.curation.subsets.subset import Example

THIN = 10
"""A cell of fewer images teaches a model nothing to the contrary."""


@dataclass(frozen=True, slots=True)
class Strength:
    """An association in one part of the index.

    Args:
        split: Which part; empty where there is no split.
        cells: Images by label and concept.
        phi: Correlation of label and concept, with the bootstrap's interval.
        npmi: Normalised pointwise mutual information, likewise.
    """

    split: str
    cells: Cells
    phi: Interval
    npmi: Interval


@dataclass(frozen=True, slots=True)
class Suspect:
    """A concept that goes with a label beyond what is explained.

    Args:
        label: Value of the label column.
        concept: The commonest name of the thing.
        family: All its names, that one first.
        query: Finds the images that count, anywhere.
        excess: φ less what is explained, with the bootstrap's interval.
        explained: What the label's own family explains of φ.
        v: Cramér's V of the concept with all the labels, corrected for bias, with an interval.
        p: That label and concept are independent, or, with a split, that they go together in all
            parts alike: the larger of the two.
        q: The same after Benjamini and Hochberg, over every label and concept.
        strengths: In the part looked at, then in the others together.
        thin: Cells of fewer than ten images, in the part looked at.
        without: Images of the label without the concept, in the part looked at.
        elsewhere: Images of other labels with the concept, likewise.
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
    strengths: tuple[Strength, ...]
    thin: tuple[str, ...]
    without: tuple[Example, ...]
    elsewhere: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Suspicions:
    """What goes with the labels of a subset.

    Args:
        label: The label column.
        split: The split column; None without one.
        part: The value of it looked at; empty without one.
        images: How many are looked at.
        labels: Labels with their images.
        unknown: Labels that name no concept, so that nothing is explained by it.
        tested: Pairs of a label and a concept.
        suspects: Largest excess first, all at q < .05 unless they were asked for by name.
        notes: What the words asked for were taken to mean, where that is not obvious.
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
