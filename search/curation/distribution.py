"""`concepts --in`: what the images of a subset show, and their mean SpLiCE weights.

The paper's concept distributions are mean weights (section 6.1). A weight says how much of an image
a concept explains beside the others; what an image shows says whether people would name it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.payload.concept_counts import Counts
from splicedex.search.curation.concepts.things import Things
from splicedex.search.curation.statistics.proportions import Interval, mean, wilson
from splicedex.search.curation.subsets.checks import check_choice
from splicedex.search.curation.subsets.subset import subset
from splicedex.search.curation.subsets.weights import sampled_weights
from splicedex.search.searcher import Searcher

Order: TypeAlias = Literal["share", "weight", "lift"]
MIN_IMAGES = 5
"""Least images of a thing that the order by lift considers."""


@dataclass(frozen=True, slots=True)
class Share:
    """How frequent a concept is in a subset.

    Args:
        concept: The name that most images show.
        family: All its names (near-synonyms), that one first.
        query: A query that finds the images that show it.
        images: Images of the subset that are said to show it by any of its names, exactly.
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
    searcher: Searcher, query: str = "", limit: int = 20, order: Order = "share"
) -> Distribution:
    """What the images of a subset show; near-synonyms count as one.

    Args:
        searcher: A searcher of an open index.
        query: The query of the subset; empty for every image.
        limit: At most this many concepts.
        order: Order by "share" of images, by mean "weight", or by "lift" over the whole index, as
            computed from the lower end of the share's interval.

    Raises:
        UserError: The query cannot be a subset, or matches nothing.
    """
    check_choice("--order", order, get_args(Order))
    index = searcher.index
    chosen = subset(searcher, query)
    things = Things.of_index(index)
    counts = index.counts.of()
    images = things.counts(index, chosen.filter, index.counts.of(chosen.filter))
    all_images, everywhere = index.engine.count(), things.counts(index, None, counts)
    weights = sampled_weights(index, chosen.filter)

    shares = wilson(images, chosen.images)
    mean_weights = mean(things.total(weights))
    key = {
        "share": shares.value,
        "weight": mean_weights.value,
        "lift": _safe_lifts(images, chosen.images, everywhere, all_images),
    }[order]
    best = np.argsort(-key, kind="stable")[:limit]

    def share(thing: int) -> Share:
        names = things.names(thing, counts)
        return Share(
            concept=names[0],
            family=names,
            query=things.query(thing, counts),
            images=int(images[thing]),
            share=shares[thing],
            weight=mean_weights[thing],
            lift=float(shares.value[thing] * all_images / max(everywhere[thing], 1)),
        )

    return Distribution(
        query=query,
        images=chosen.images,
        weighed=weights.shape[0],
        concepts=tuple(share(thing) for thing in best[key[best] > 0].tolist()),
        notes=chosen.notes,
    )


def _safe_lifts(
    images: Counts, count: int, everywhere: Counts, all_images: int
) -> NDArray[np.float64]:
    """Lifts (t,) from the lower end of the share, so that a rare thing does not lead by chance.

    Args:
        images: Images of the subset that show each thing (t,).
        count: All images of the subset.
        everywhere: Images of the index that show each thing (t,).
        all_images: All images of the index.
    """
    low = wilson(images, count).low
    lifts: NDArray[np.float64] = np.where(
        images >= MIN_IMAGES, low * all_images / np.maximum(everywhere, 1), 0.0
    )
    return lifts
