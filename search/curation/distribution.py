"""The concept distribution of a subset (paper, section 6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.store.concept_counts import Counts
from splicedex.search.curation.statistics.proportions import Interval, mean, wilson
from splicedex.search.curation.subsets.families import families, query_of
from splicedex.search.curation.subsets.subset import subset
from splicedex.search.curation.subsets.weights import sampled_weights
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

Order: TypeAlias = Literal["share", "weight", "lift"]
CERTAIN = 5
"""Fewest images of a concept whose lift is worth a look."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a subset has a concept.

    Args:
        concept: The commonest name of the thing.
        family: All its names, that one first.
        query: Finds the images that count, anywhere.
        images: Images of the subset where it counts as present, exactly.
        share: Of the subset's images, with Wilson's interval.
        weight: Mean SpLiCE weight over the subset, the members' added, with Student's interval.
        lift: Share in the subset over share in the whole index.
    """

    concept: str
    family: tuple[str, ...]
    query: str
    images: int
    share: Interval
    weight: Interval
    lift: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """The concepts of a subset.

    Args:
        query: The subset; empty for every image.
        images: How many it has.
        weighed: From how many of them mean weights are taken.
        concepts: Foremost first.
        notes: What words were taken to mean, where that is not obvious.
    """

    query: str
    images: int
    weighed: int
    concepts: tuple[Share, ...]
    notes: tuple[str, ...]


def distribution(
    searcher: Searcher, query: str = "", limit: int = 20, order: Order = "weight"
) -> Distribution:
    """The concepts of a subset, by family.

    Args:
        searcher: Of an open index.
        query: The subset; empty for every image.
        limit: At most this many concepts.
        order: By mean weight, by share, or by lift over the whole index (of its lower bound).

    Raises:
        UserError: The query cannot be a subset, or matches nothing.
    """
    if order not in get_args(Order):
        raise UserError(f"order {order!r} is unknown", f"use {', '.join(get_args(Order))}")
    index = searcher.index
    chosen = subset(searcher, query)
    grouped = families(index.space)
    counts = index.counts.of(chosen.filter)
    whole = subset(searcher, "")
    overall = index.counts.of()
    weights = sampled_weights(index, chosen.filter)
    weighed = mean(grouped.total(weights))

    heads = grouped.heads(overall)
    images, everywhere = counts[heads], overall[heads]
    shares = wilson(images, chosen.images)
    key = {
        "share": shares.value,
        "weight": weighed.value,
        "lift": _lifts(images, chosen.images, everywhere, whole.images),
    }[order]
    best = np.argsort(-key, kind="stable")[:limit]
    return Distribution(
        query,
        chosen.images,
        weights.shape[0],
        tuple(
            Share(
                index.space.concepts[heads[g]],
                grouped.names(heads[g]),
                query_of(index.space.concepts[heads[g]]),
                int(images[g]),
                shares[g],
                weighed[g],
                float(shares.value[g] * whole.images / max(everywhere[g], 1)),
            )
            for g in map(int, best[key[best] > 0])
        ),
        chosen.notes,
    )


def _lifts(hits: Counts, count: int, overall: Counts, total: int) -> NDArray[np.float64]:
    """Lift from the lower bound of the share, so that a rare concept does not lead by chance."""
    low = wilson(hits, count).low
    lifts: NDArray[np.float64] = np.where(
        hits >= CERTAIN, low * total / np.maximum(overall, 1), 0.0
    )
    return lifts
