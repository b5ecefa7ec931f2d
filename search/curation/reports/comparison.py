"""The result of `compare`: the concepts in which two subsets differ."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.search.curation.statistics.proportions import Interval
from splicedex.search.curation.subsets.subset import Example


@dataclass(frozen=True, slots=True)
class Difference:
    """A concept that is more frequent in one subset than in the other.

    Args:
        concept: The most frequent name of the concept.
        family: All its names (near-synonyms), the most frequent first.
        query: A query that finds the images with the concept.
        images: Images with the concept in the first and in the second subset, exactly.
        shares: Shares of the first and of the second subset, with Wilson's intervals.
        difference: The first share minus the second, with Newcombe's interval.
        log_odds: Logarithm of the odds ratio, first to second, with Woolf's interval.
        p: P-value for equal shares, by Fisher's exact test or Pearson's χ².
        q: P adjusted for all tested concepts (Benjamini and Hochberg).
        examples: Images with the concept in the first and in the second subset.
    """

    concept: str
    family: tuple[str, ...]
    query: str
    images: tuple[int, int]
    shares: tuple[Interval, Interval]
    difference: Interval
    log_odds: Interval
    p: float
    q: float
    examples: tuple[tuple[Example, ...], tuple[Example, ...]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The concepts in which two subsets differ, except those that the queries name.

    Args:
        queries: The queries of the two subsets.
        images: How many images each has.
        overlap: Images in both, which count for the smaller subset only.
        tested: How many concepts were compared.
        significant: How many of them differ at q < .05.
        concepts: The concepts that differ, largest effect first.
        notes: How words of the queries were understood, where that is not obvious.
    """

    queries: tuple[str, str]
    images: tuple[int, int]
    overlap: int
    tested: int
    significant: int
    concepts: tuple[Difference, ...]
    notes: tuple[str, ...]
