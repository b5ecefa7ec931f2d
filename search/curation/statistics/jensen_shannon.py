"""The Jensen-Shannon distance of what two samples of images show, with a permutation test.

The distribution of a sample is the mean of the probabilities that its images show each thing,
scaled to a sum of 1. The distance (Endres and Schindelin 2003; base 2, so between 0 and 1) is above
0 for any two samples. The test tells how large it is by chance: it mixes both samples and splits
them again at random.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack
from scipy.spatial.distance import jensenshannon

from splicedex.search.curation.statistics.proportions import Floats

_BATCH = 111
"""Permutations computed in one matrix product."""
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class PermutationTest:
    """A distance, compared with distances by chance.

    Args:
        distance: Jensen-Shannon distance of the two samples.
        by_chance: Mean and 95th percentile of the distance between random splits.
        p: P-value for samples of the same distribution.
    """

    distance: float
    by_chance: tuple[float, float]
    p: float


def permutation_test(
    first: csr_array, second: csr_array, permutations: int, seed: int
) -> PermutationTest:
    """Test whether two samples have the same distribution.

    Args:
        first: Probabilities of the first sample (n, t).
        second: Probabilities of the second sample (m, t).
        permutations: Number of random splits.
        seed: Seed of the random splits.
    """
    rows = csr_array(vstack([first, second]))
    count, total = first.shape[0], rows.shape[0]
    in_first = np.zeros((total, 1))
    in_first[:count] = 1
    distance = float(_distances(rows, in_first)[0])
    random = np.random.default_rng(seed)
    by_chance: list[float] = []
    while len(by_chance) < permutations:
        splits = np.zeros((total, min(_BATCH, permutations - len(by_chance))))
        for column in range(splits.shape[1]):
            splits[random.permutation(total)[:count], column] = 1
        by_chance += _distances(rows, splits).tolist()
    as_far = sum(one >= distance - _ROUNDING for one in by_chance)
    return PermutationTest(
        distance,
        (float(np.mean(by_chance)), float(np.quantile(by_chance, 0.95))),
        (as_far + 1) / (permutations + 1),
    )


def _distances(rows: csr_array, in_first: Floats) -> Floats:
    """Distances (k,) for k splits; `in_first` (n, k) is 1 for rows of the first sample, else 0."""
    sums = rows.T @ in_first
    others = np.asarray(rows.sum(axis=0))[:, None] - sums
    with np.errstate(invalid="ignore"):  # rounding can make the divergence of equal sums negative
        distances: Floats = np.nan_to_num(jensenshannon(sums, np.maximum(others, 0), 2))
    return distances
