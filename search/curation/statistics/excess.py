"""Excess: the part of an association of label and concept that nothing explains.

A concept near the label's own concept in meaning occurs with it for a good reason, as puppies do
with dogs. As in path analysis, where a correlation through a mediator is the product of the
correlations along the way, with `own` the label's own concept,

    explained(concept, label) = max(0, cos(concept, own)) · max(0, φ(own, label)).

Where the data set has several splits, an association that the other splits show as well is a fact
about the things, not about this split. So

    excess(concept, label) = φ(concept, label) - max(explained, φ in the other splits).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import ArrayLike, NDArray

from splicedex.search.curation.statistics.association import (
    bootstrap,
    npmi,
    percentile_intervals,
    phi,
)
from splicedex.search.curation.statistics.homogeneity import equal_odds_p_values
from splicedex.search.curation.statistics.proportions import Floats, Interval
from splicedex.search.curation.statistics.significance import p_values
from splicedex.search.curation.statistics.two_by_two import Cells, LabelTables


def explained(cosines: NDArray[np.floating], own_phi: float) -> Floats:
    """The part of each concept's φ that the label's own concept explains.

    Args:
        cosines: Cosines of each concept to the label's own concept (c,).
        own_phi: φ of the label's own concept with the label.
    """
    value: Floats = max(0.0, own_phi) * np.maximum(cosines, 0).astype(np.float64)
    return value


def excess(phis: Sequence[Floats], explained_phi: ArrayLike) -> Floats:
    """φ of the first split minus what is explained.

    Args:
        phis: φ in the split that is examined, then in the others.
        explained_phi: The part that the label's own concept explains. All of them broadcast.
    """
    value: Floats = phis[0] - reduce(np.maximum, phis[1:], np.asarray(explained_phi, np.float64))
    return value


def suspicion_p_values(tables: Sequence[LabelTables]) -> Floats:
    """P-values for "there is nothing suspicious", one a concept (k,).

    Two hypotheses have to be rejected: that label and concept are independent in the first split,
    and that they are associated equally in all splits. So the larger p-value counts.

    Args:
        tables: Counts of the split that is examined, then of the others.
    """
    here = tables[0]
    independent = p_values(here.hits, here.count, here.other_hits, here.other_count)
    return reduce(
        np.maximum, (equal_odds_p_values(here, other) for other in tables[1:]), independent
    )


class BootstrapIntervals:
    """Bootstrap intervals of one label and one concept, from one set of draws for each split.

    Args:
        splits: The two-by-two table of the split that is examined, then of the others.
    """

    def __init__(self, splits: Sequence[Cells]) -> None:
        self._tables = [cells.table for cells in splits]
        self._draws = [bootstrap(*table, seed=seed) for seed, table in enumerate(self._tables)]

    def excess(self, explained_phi: float) -> Interval:
        """The excess over what is explained."""
        return percentile_intervals(
            excess([np.atleast_1d(phi(*table)) for table in self._tables], explained_phi),
            excess([phi(*draws) for draws in self._draws], explained_phi),
        )[0]

    def phi(self, split: int) -> Interval:
        """φ in one of the splits."""
        value = np.atleast_1d(phi(*self._tables[split]))
        return percentile_intervals(value, phi(*self._draws[split]))[0]

    def npmi(self, split: int) -> Interval:
        """Normalised pointwise mutual information in one of the splits."""
        value = np.atleast_1d(npmi(*self._tables[split]))
        return percentile_intervals(value, npmi(*self._draws[split]))[0]
