"""The result of `compare`: the concepts in which two subsets differ."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.search.curation.statistics.proportions import Interval
from splicedex.search.curation.subsets.subset import Example


@dataclass(frozen=True, slots=True)
class Difference:
    """A concept that is more frequent in one subset than in the other.

    Args:
        concept: The name that fits best.
        family: It and other concepts that make one line with it: near-synonyms, kinds of it, and
            what it is a kind of.
        query: A query that finds the images that are counted.
        images: Images with the concept in the first and in the second subset, exactly.
        shares: Shares of the first and of the second subset, with Wilson's intervals.
        difference: The first share minus the second, with Newcombe's interval.
        log_odds: Logarithm of the odds ratio, first to second, with Woolf's interval.
        contrast: Probability of the concept in the mean image of the subset with more of it, minus
            the mean image of the other.
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
    contrast: float
    p: float
    q: float
    examples: tuple[tuple[Example, ...], tuple[Example, ...]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The concepts in which two subsets differ, except what the queries name in any form.

    Args:
        queries: The queries of the two subsets.
        images: How many images each has.
        overlap: Images in both, which count for the smaller subset only.
        tested: How many concepts were compared.
        significant: How many lines there are without a limit.
        concepts: The concepts that differ, largest effect first: those for which the claim stands.
        notes: How words of the queries were understood, where that is not obvious.
    """

    queries: tuple[str, str]
    images: tuple[int, int]
    overlap: int
    tested: int
    significant: int
    concepts: tuple[Difference, ...]
    notes: tuple[str, ...]
