"""`outliers`: the images of a subset that show what few others show.

The other order is by the cosine between an image and its decomposition. It says how well the
vocabulary describes an image, and nothing about the other images.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Literal, TypeAlias, get_args

from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.query import Filter, Hit, Not, Range
from splicedex.indexer.payload.shows import FIELDS, is_shown, shown_in
from splicedex.search.browse.concept_frequency import by_count
from splicedex.search.curation.statistics.surprise import mean_surprise, surprise
from splicedex.search.curation.subsets.checks import check_choice
from splicedex.search.curation.subsets.shown import probabilities_of
from splicedex.search.curation.subsets.subset import intersection, subset
from splicedex.search.searcher import Searcher

Order: TypeAlias = Literal["surprise", "cosine"]
MOST_READ = 10_000
"""Images whose surprise is computed, unless more are asked for."""
STEPS = 10_000
"""Steps between 0 and 1 of the stored cosines, which have four decimals."""
COSINE = "cosine"
_READ = ("path", COSINE, *FIELDS)


@dataclass(frozen=True, slots=True)
class ShownConcept:
    """A concept that an image is said to show, with its probability."""

    concept: str
    probability: float


@dataclass(frozen=True, slots=True)
class Outlier:
    """An image, how unlike the others it is, and how well its concepts describe it.

    Args:
        id: Its point id.
        path: Its path in the index.
        surprise: Mean surprise of what it shows, in bits.
        cosine: Cosine of its aligned embedding to its decomposition.
        shows: What it is said to show, most probable first.
    """

    id: str
    path: str
    surprise: float
    cosine: float
    shows: tuple[ShownConcept, ...]


def outliers(
    searcher: Searcher, query: str = "", limit: int = 20, order: Order = "surprise"
) -> tuple[Outlier, ...]:
    """The images of a subset that are least like the others.

    Args:
        searcher: A searcher of an open index.
        query: The query of the subset; empty for every image.
        limit: At most this many images.
        order: Order by "surprise", highest first, or by reconstruction "cosine", lowest first. Of
            more than `MOST_READ` images, surprise is computed for that many: those whose most
            common concept is rarest.

    Raises:
        UserError: The query cannot be a subset, or matches nothing.
    """
    check_choice("--order", order, get_args(Order))
    index, chosen = searcher.index, subset(searcher, query)
    engine, names = index.engine, index.space.concepts
    counts = index.counts.of(chosen.filter)
    common = list(by_count(counts))
    if order == "surprise":
        hits = _unlike(engine, chosen.filter, common, max(MOST_READ, limit))
    else:
        hits = _worst_described(engine, chosen.filter, limit)
    shown = [shown_in(hit.payload) for hit in hits]
    nothing = engine.count(_without(chosen.filter, common))
    surprises = mean_surprise(
        probabilities_of(shown, len(names)),
        surprise(counts, chosen.images),
        float(surprise(nothing, chosen.images)),
    ).tolist()
    found = [
        Outlier(
            id=hit.id,
            path=hit.payload["path"],
            surprise=bits,
            cosine=hit.payload[COSINE],
            shows=tuple(ShownConcept(*one) for one in its.named(index.space)),
        )
        for hit, its, bits in zip(hits, shown, surprises, strict=True)
    ]
    value = {
        "surprise": lambda one: (-one.surprise, one.path),
        "cosine": lambda one: (one.cosine, one.path),
    }[order]
    return tuple(sorted(found, key=value)[:limit])


def _without(passing: Filter | None, concepts: Sequence[int]) -> Filter | None:
    """The images that pass a filter and show none of some concepts."""
    return intersection(passing, Not(is_shown(*concepts))) if concepts else passing


def _unlike(engine: Engine, passing: Filter | None, common: Sequence[int], most: int) -> list[Hit]:
    """The images that pass a filter, or of many the `most` whose most common concept is rarest.

    The engine counts the images that show none of the k most common concepts. A binary search finds
    the k that leaves few enough. They are read, and some that show the last of the k.

    Args:
        engine: Engine of the index.
        passing: The filter.
        common: The concepts that these images show, most common first.
        most: Maximum number of images.
    """
    k = bisect_left(
        range(len(common)), True, key=lambda k: engine.count(_without(passing, common[:k])) <= most
    )
    rarest = engine.scroll(_without(passing, common[:k]), with_payload=_READ)
    if not k:
        return list(rarest)
    others = intersection(_without(passing, common[: k - 1]), is_shown(common[k - 1]))
    return list(islice(chain(rarest, engine.scroll(others, with_payload=_READ)), most))


def _worst_described(engine: Engine, passing: Filter | None, limit: int) -> list[Hit]:
    """The images that pass a filter with the lowest cosine, and others as low as the last.

    A binary search finds the smallest bound below which `limit` images lie. The engine counts them,
    so only the images that are returned are read.
    """
    engine.create_index(COSINE, "float")
    low, high = -STEPS - 1, STEPS
    while high - low > 1:
        middle = (low + high) // 2
        if engine.count(intersection(passing, _up_to(middle))) >= limit:
            high = middle
        else:
            low = middle
    return list(engine.scroll(intersection(passing, _up_to(high)), with_payload=_READ))


def _up_to(step: int) -> Range:
    """Cosines of at most `step` steps, with half a step for rounding."""
    return Range(COSINE, lte=(step + 0.5) / STEPS)
