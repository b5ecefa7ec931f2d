"""Drift: whether two sets of images speak of the same things, and which concepts moved.

The concept distribution of a set is the mean of its SpLiCE weights, scaled to add up to one. These
depend on the concept space and the sparsity alone, not on the collection, so that two indexes
compare. The Jensen-Shannon distance between two distributions (Endres and Schindelin 2003; base 2,
so between 0 and 1) is above 0 for any two samples; a permutation test says how far above chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack
from scipy.spatial.distance import jensenshannon

from splicedex.indexer.engines.query import Match
from splicedex.indexer.store.concept_counts import Counts, concept_facet
from splicedex.search.curation.statistics.contrast import LEVEL, contrast
from splicedex.search.curation.statistics.proportions import Interval
from splicedex.search.curation.statistics.significance import q_values
from splicedex.search.curation.subsets.families import Families, families
from splicedex.search.curation.subsets.subset import Subset, both, subset
from splicedex.search.curation.subsets.weights import SAMPLE, sampled_weights
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

PERMUTATIONS = 999
SHORTLIST = 2
_BATCH = 111


@dataclass(frozen=True, slots=True)
class Move:
    """A concept that one set's images are explained by more often than the other's.

    Args:
        concept: The commonest name of the thing.
        family: All its names, that one first.
        images: How many are explained by it (a weight above 0) in each set, exactly.
        shares: Of each set.
        difference: Second share less the first, with Newcombe's interval.
        q: That both shares are one, after Benjamini and Hochberg over every concept.
    """

    concept: str
    family: tuple[str, ...]
    images: tuple[int, int]
    shares: tuple[float, float]
    difference: Interval
    q: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How far apart two sets are.

    Args:
        names: The sets.
        images: How many each has.
        sampled: How many of each the distance is taken from.
        distance: Jensen-Shannon distance of the concept distributions.
        by_chance: The same between random halves of both together: mean and 95th percentile.
        p: That both are drawn alike, by permutation.
        significant: Concepts that moved at q < .05.
        moved: The foremost of them, largest change first.
    """

    names: tuple[str, str]
    images: tuple[int, int]
    sampled: tuple[int, int]
    distance: float
    by_chance: tuple[float, float]
    p: float
    significant: int
    moved: tuple[Move, ...]


def drift(
    first: tuple[Searcher, str],
    second: tuple[Searcher, str],
    limit: int = 20,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Drift:
    """How far the concepts of two sets of images are apart.

    Args:
        first: A searcher and a query, which is empty for every image.
        second: The same, of the same index or of another.
        limit: At most this many concepts that moved.
        permutations: Of the test.
        seed: Of the permutations.

    Raises:
        UserError: The indexes read images differently, the two sets share images, or a query cannot
            be a subset.
    """
    sides = (first, second)
    chosen = (subset(*first), subset(*second))
    if first[0] is second[0]:
        overlap = first[0].index.engine.count(both(chosen[0].filter, chosen[1].filter))
        if overlap:
            raise UserError(f"{overlap:,} images are in both sets", "choose two that share none")
    else:
        _check_alike(first[0], second[0])
    space = first[0].index.space
    grouped = families(space)
    weights = [
        sampled_weights(searcher.index, side.filter, SAMPLE)
        for (searcher, _), side in zip(sides, chosen, strict=True)
    ]
    distance, chance, p = permuted(weights[0], weights[1], grouped.of, permutations, seed)
    moved, significant = _moved((first[0], second[0]), (chosen[0], chosen[1]), grouped, limit)
    return Drift(
        (chosen[0].name, chosen[1].name),
        (chosen[0].images, chosen[1].images),
        (weights[0].shape[0], weights[1].shape[0]),
        distance,
        chance,
        p,
        significant,
        moved,
    )


def permuted(
    first: csr_array, second: csr_array, of: NDArray[np.int64], permutations: int, seed: int
) -> tuple[float, tuple[float, float], float]:
    """Jensen-Shannon distance of two samples, its mean and 95th percentile by chance, and p.

    Args:
        first: Weights (n, c).
        second: Weights (m, c).
        of: Family of each concept (c,).
        permutations: How often the samples are mixed and parted anew.
        seed: Of that.
    """
    rows = csr_array(vstack([first, second]))
    belongs = csr_array((np.ones(len(of)), of, np.arange(len(of) + 1)))
    rows = csr_array(rows @ belongs)
    count, total = first.shape[0], rows.shape[0]
    inside = np.zeros((total, 1))
    inside[:count] = 1
    distance = float(_distances(rows, inside)[0])
    random = np.random.default_rng(seed)
    found: list[float] = []
    while len(found) < permutations:
        mixed = np.zeros((total, min(_BATCH, permutations - len(found))))
        for column in range(mixed.shape[1]):
            mixed[random.permutation(total)[:count], column] = 1
        found += _distances(rows, mixed).tolist()
    at_least = sum(one >= distance - 1e-12 for one in found)
    chance = (float(np.mean(found)), float(np.quantile(found, 0.95)))
    return distance, chance, (at_least + 1) / (permutations + 1)


def _distances(rows: csr_array, inside: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances (k,) between what is inside and what is not, for each column (n, k)."""
    sums = rows.T @ inside
    others = np.asarray(rows.sum(axis=0))[:, None] - sums
    distances: NDArray[np.float64] = np.nan_to_num(jensenshannon(sums, np.maximum(others, 0), 2))
    return distances


def _moved(
    searchers: tuple[Searcher, Searcher],
    chosen: tuple[Subset, Subset],
    grouped: Families,
    limit: int,
) -> tuple[tuple[Move, ...], int]:
    """The concepts that explain more images of one set than of the other."""
    counts = [_explained(s, side) for s, side in zip(searchers, chosen, strict=True)]
    heads = grouped.heads(counts[0] + counts[1])
    images = [one[heads] for one in counts]
    sizes = (chosen[0].images, chosen[1].images)
    rough = contrast(images[1], sizes[1], images[0], sizes[0])
    close = rough.leading(q_values(rough.p), "share")[: SHORTLIST * limit]
    for family in close.tolist():
        members = grouped.members[family]
        if len(members) > 1:
            for side, searcher in enumerate(searchers):
                passing = both(chosen[side].filter, Match("concepts", members))
                images[side][family] = searcher.index.engine.count(passing)
    found = contrast(images[1], sizes[1], images[0], sizes[0])
    there = images[0] + images[1] > 0
    q = np.ones(len(grouped))
    q[there] = q_values(found.p[there])
    leading = found.leading(q, "share")
    exact: Sequence[int] = leading[np.isin(leading, close)][:limit].tolist()
    moves = tuple(
        Move(
            grouped.space.concepts[heads[g]],
            grouped.names(heads[g]),
            (int(images[0][g]), int(images[1][g])),
            (float(found.shares[1].value[g]), float(found.shares[0].value[g])),
            found.difference[g],
            float(q[g]),
        )
        for g in exact
    )
    return moves, int((q < LEVEL).sum())


def _explained(searcher: Searcher, side: Subset) -> Counts:
    """Images (c,) that each concept explains."""
    index = searcher.index
    concepts = len(index.space.concepts)
    counts = np.zeros(concepts, np.int64)
    for concept, images in concept_facet(index.engine, "concepts", concepts, side.filter, concepts):
        counts[concept] = images
    return counts


def _check_alike(one: Searcher, two: Searcher) -> None:
    """Refuse indexes whose weights do not compare.

    Raises:
        UserError: Concept space or sparsity differ.
    """
    ours, theirs = one.index.manifest, two.index.manifest
    for name, differ in (
        ("concept spaces", ours.space != theirs.space),
        ("sparsities", ours.sparsity != theirs.sparsity),
    ):
        if differ:
            raise UserError(f"the indexes have different {name}", "index both with the same")
