"""`drift`: whether two sets of images have the same concepts, and which concepts changed.

SpLiCE weights depend on the concept space and the sparsity alone, not on the collection, so that
the sets can be in different indexes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from splicedex.indexer.engines.query import Match
from splicedex.indexer.payload.concept_counts import Counts, concept_facet
from splicedex.search.curation.statistics.contrast import LEVEL, contrast
from splicedex.search.curation.statistics.jensen_shannon import permutation_test
from splicedex.search.curation.statistics.proportions import Interval
from splicedex.search.curation.statistics.significance import q_values
from splicedex.search.curation.subsets.subset import Subset, intersection, subset
from splicedex.search.curation.subsets.synonyms import SynonymGroups, synonym_groups
from splicedex.search.curation.subsets.weights import SAMPLE, sampled_weights
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

PERMUTATIONS = 999
CANDIDATES = 2
"""Concepts that are counted exactly, as a multiple of those that are shown."""


@dataclass(frozen=True, slots=True)
class Move:
    """A concept that has a weight in more images of one set than of the other.

    Args:
        concept: The most frequent name of the concept.
        family: All its names (near-synonyms), the most frequent first.
        images: Images of each set where it has a weight above 0, exactly.
        shares: The same as shares of each set.
        difference: The second share minus the first, with Newcombe's interval.
        q: P-value for equal shares, adjusted for all concepts (Benjamini and Hochberg).
    """

    concept: str
    family: tuple[str, ...]
    images: tuple[int, int]
    shares: tuple[float, float]
    difference: Interval
    q: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How much two sets differ.

    Args:
        names: The queries of the sets.
        images: How many images each has.
        sampled: From how many images of each the distance is computed.
        distance: Jensen-Shannon distance of the concept distributions.
        by_chance: The same between random halves of both sets together: mean and 95th percentile.
        p: P-value for equal distributions, by permutation.
        significant: How many concepts changed at q < .05.
        moved: The first of them, largest change first.
    """

    names: tuple[str, str]
    images: tuple[int, int]
    sampled: tuple[int, int]
    distance: float
    by_chance: tuple[float, float]
    p: float
    significant: int
    moved: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two sets: a subset of an index."""

    searcher: Searcher
    chosen: Subset

    def counts(self) -> Counts:
        """Images (c,) where each concept has a weight above 0."""
        engine, concepts = self.searcher.index.engine, len(self.searcher.index.space.concepts)
        counts = np.zeros(concepts, np.int64)
        for concept, images in concept_facet(
            engine, "concepts", concepts, self.chosen.filter, concepts
        ):
            counts[concept] = images
        return counts

    def count_any(self, concepts: tuple[int, ...]) -> int:
        """Images where any of some concepts has a weight above 0."""
        passing = intersection(self.chosen.filter, Match("concepts", concepts))
        return self.searcher.index.engine.count(passing)


def drift(
    first: tuple[Searcher, str],
    second: tuple[Searcher, str],
    limit: int = 20,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Drift:
    """Measure how much the concepts of two sets of images differ.

    Args:
        first: A searcher and a query; an empty query is every image.
        second: The same for the second set, of the same index or of another.
        limit: At most this many changed concepts.
        permutations: Number of random splits of the permutation test.
        seed: Seed of the random splits.

    Raises:
        UserError: The indexes have different concept spaces or sparsities, the two sets share
            images, or a query cannot be a subset.
    """
    one, two = (_Side(searcher, subset(searcher, query)) for searcher, query in (first, second))
    _check_comparable(one, two)
    groups = synonym_groups(one.searcher.index.space)
    weights, other_weights = (
        sampled_weights(side.searcher.index, side.chosen.filter, SAMPLE) for side in (one, two)
    )
    tested = permutation_test(
        groups.total(weights), groups.total(other_weights), permutations, seed
    )
    moved, significant = _moved(one, two, groups, limit)
    return Drift(
        names=(one.chosen.name, two.chosen.name),
        images=(one.chosen.images, two.chosen.images),
        sampled=(weights.shape[0], other_weights.shape[0]),
        distance=tested.distance,
        by_chance=tested.by_chance,
        p=tested.p,
        significant=significant,
        moved=moved,
    )


def _moved(
    one: _Side, two: _Side, groups: SynonymGroups, limit: int
) -> tuple[tuple[Move, ...], int]:
    """The concepts whose share changed most, and how many changed significantly.

    The count of a group's head misses images that have only its other names. So a group with
    several names is counted exactly, if it is among the candidates by the head's count.
    """
    counts, other_counts = one.counts(), two.counts()
    heads = groups.heads(counts + other_counts)
    images, other_images = counts[heads], other_counts[heads]
    sizes = one.chosen.images, two.chosen.images
    rough = contrast(other_images, sizes[1], images, sizes[0])
    candidates = rough.leading(q_values(rough.p), "share")[: CANDIDATES * limit]
    for group in candidates.tolist():
        members = groups.members[group]
        if len(members) > 1:
            images[group], other_images[group] = one.count_any(members), two.count_any(members)
    exact = contrast(other_images, sizes[1], images, sizes[0])
    q = q_values(exact.p, tested=images + other_images > 0)
    leading = exact.leading(q, "share")
    moves = tuple(
        Move(
            concept=groups.space.concepts[heads[g]],
            family=groups.names(heads[g]),
            images=(int(images[g]), int(other_images[g])),
            shares=(float(exact.shares[1].value[g]), float(exact.shares[0].value[g])),
            difference=exact.difference[g],
            q=float(q[g]),
        )
        for g in leading[np.isin(leading, candidates)][:limit].tolist()
    )
    return moves, int((q < LEVEL).sum())


def _check_comparable(one: _Side, two: _Side) -> None:
    """Check that the sets share no images, and that their weights can be compared.

    Raises:
        UserError: They share images, or their concept spaces or sparsities differ.
    """
    if one.searcher is two.searcher:
        overlap = one.searcher.index.engine.count(
            intersection(one.chosen.filter, two.chosen.filter)
        )
        if overlap:
            raise UserError(f"{overlap:,} images are in both sets", "choose two that share none")
        return
    first, second = one.searcher.index.manifest, two.searcher.index.manifest
    for name, differ in (
        ("concept spaces", first.space != second.space),
        ("sparsities", first.sparsity != second.sparsity),
        ("penalties", first.penalties != second.penalties),
        ("word frequencies", first.word_frequency != second.word_frequency),
    ):
        if differ:
            raise UserError(
                f"the indexes have different {name}",
                "index both with the same model, vocabulary, sparsity and word frequencies",
            )
