"""`concepts --in`: the concept distribution of a subset (SpLiCE paper, section 6.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.payload.concept_counts import Counts
from splicedex.search.curation.statistics.proportions import Interval, mean, wilson
from splicedex.search.curation.subsets.checks import check_choice
from splicedex.search.curation.subsets.subset import subset
from splicedex.search.curation.subsets.synonyms import query_for, synonym_groups
from splicedex.search.curation.subsets.weights import sampled_weights
from splicedex.search.searcher import Searcher

Order: TypeAlias = Literal["share", "weight", "lift"]
MIN_IMAGES = 5
"""Least images of a concept that the order by lift considers."""


@dataclass(frozen=True, slots=True)
class Share:
    """How frequent a concept is in a subset.

    Args:
        concept: The most frequent name of the concept.
        family: All its names (near-synonyms), the most frequent first.
        query: A query that finds the images with the concept.
        images: Images of the subset where it is present, exactly.
        share: Share of the subset's images, with Wilson's interval.
        weight: Mean SpLiCE weight over the subset, summed over the names, with Student's interval.
        lift: Share in the subset divided by the share in the whole index.
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
        query: The query of the subset; empty for every image.
        images: How many images it has.
        weighed: How many of them the mean weights are computed from.
        concepts: The concepts in the order asked for.
        notes: How words of the query were understood, where that is not obvious.
    """

    query: str
    images: int
    weighed: int
    concepts: tuple[Share, ...]
    notes: tuple[str, ...]


def distribution(
    searcher: Searcher, query: str = "", limit: int = 20, order: Order = "weight"
) -> Distribution:
    """The concepts of a subset; near-synonyms count as one.

    Args:
        searcher: A searcher of an open index.
        query: The query of the subset; empty for every image.
        limit: At most this many concepts.
        order: Order by mean "weight", by "share" of images, or by "lift" over the whole index, as
            computed from the lower end of the share's interval.

    Raises:
        UserError: The query cannot be a subset, or matches nothing.
    """
    check_choice("--order", order, get_args(Order))
    index = searcher.index
    chosen = subset(searcher, query)
    groups = synonym_groups(index.space)
    counts = index.counts.of(chosen.filter)
    all_images = subset(searcher, "").images
    all_counts = index.counts.of()
    weights = sampled_weights(index, chosen.filter)

    heads = groups.heads(all_counts)
    images, everywhere = counts[heads], all_counts[heads]
    shares = wilson(images, chosen.images)
    mean_weights = mean(groups.total(weights))
    key = {
        "share": shares.value,
        "weight": mean_weights.value,
        "lift": _safe_lifts(images, chosen.images, everywhere, all_images),
    }[order]
    best = np.argsort(-key, kind="stable")[:limit]
    return Distribution(
        query=query,
        images=chosen.images,
        weighed=weights.shape[0],
        concepts=tuple(
            Share(
                concept=index.space.concepts[heads[g]],
                family=groups.names(heads[g]),
                query=query_for(index.space.concepts[heads[g]]),
                images=int(images[g]),
                share=shares[g],
                weight=mean_weights[g],
                lift=float(shares.value[g] * all_images / max(everywhere[g], 1)),
            )
            for g in map(int, best[key[best] > 0])
        ),
        notes=chosen.notes,
    )


def _safe_lifts(
    images: Counts, count: int, everywhere: Counts, all_images: int
) -> NDArray[np.float64]:
    """Lifts (g,) from the lower end of the share, so that a rare concept does not lead by chance.

    Args:
        images: Images of the subset with each concept (g,).
        count: All images of the subset.
        everywhere: Images of the index with each concept (g,).
        all_images: All images of the index.
    """
    low = wilson(images, count).low
    lifts: NDArray[np.float64] = np.where(
        images >= MIN_IMAGES, low * all_images / np.maximum(everywhere, 1), 0.0
    )
    return lifts
