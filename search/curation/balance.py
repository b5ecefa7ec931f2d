"""`balance`: choose images of a subset so that several queries match about equally many of them.

Without queries it balances what the images show most.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from splicedex.search.curation.concepts.parts import shown_parts
from splicedex.search.curation.subsets.checks import check_draw
from splicedex.search.curation.subsets.reading import read_ids
from splicedex.search.curation.subsets.selection import Selection, named, random_key
from splicedex.search.curation.subsets.subset import intersection, subset
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

MAX_PARTS = 16
"""Most parts that can be balanced."""


@dataclass(frozen=True, slots=True)
class Share:
    """One of the parts that were balanced.

    Args:
        query: The query of the part.
        images: How many images of the subset match it.
        chosen: How many of the chosen images match it.
    """

    query: str
    images: int
    chosen: int


@dataclass(frozen=True, slots=True)
class Balance:
    """A balanced selection.

    Args:
        selection: The chosen images.
        parts: The parts that were balanced.
    """

    selection: Selection
    parts: tuple[Share, ...]


def balance(
    searcher: Searcher, query: str, by: Sequence[str], count: int, seed: int = 0
) -> Balance:
    """Choose images so that the numbers of images of all parts are as equal as possible.

    Images are chosen one by one, each from the part that has the fewest so far. Images that match
    no part are never chosen.

    Args:
        searcher: A searcher of an open index.
        query: The query of the subset; empty for every image.
        by: The queries of 2 to 16 parts, such as `dog` or `label:cat`; they may overlap. If there
            are none, the parts are the concepts that most images show, as `shown_parts` finds them.
        count: How many images, at least 1; fewer if there are not so many.
        seed: Seed of the choice within a part, 0 or more.

    Raises:
        UserError: A query cannot be a subset or matches nothing, or a number is out of range.
    """
    check_draw(count, seed)
    chosen = subset(searcher, query)
    parts = by or shown_parts(searcher.index, chosen)
    if not 2 <= len(parts) <= MAX_PARTS:
        raise UserError(
            f"{len(by)} parts cannot be balanced" if by else "these images show too few concepts",
            f"give 2 to {MAX_PARTS} queries: --by cat,dog",
        )
    masks: dict[str, int] = defaultdict(int)
    sizes = []
    for number, part in enumerate(parts):
        ids = list(
            read_ids(searcher.index, intersection(chosen.filter, subset(searcher, part).filter))
        )
        if not ids:
            raise UserError(
                f"no image of the subset matches {part!r}", "use other queries with --by"
            )
        sizes.append(len(ids))
        for id_ in ids:
            masks[id_] |= 1 << number
    ids = choose_evenly(masks, len(parts), count, seed)
    taken = [sum(masks[id_] >> number & 1 for id_ in ids) for number in range(len(parts))]
    return Balance(
        Selection(query, chosen.images, named(searcher.index, ids)),
        tuple(Share(*one) for one in zip(parts, sizes, taken, strict=True)),
    )


def choose_evenly(masks: Mapping[str, int], parts: int, count: int, seed: int) -> list[str]:
    """Choose images greedily so that all parts have about equally many.

    The next image comes from the part with the fewest images so far. Of the images there, one is
    taken that adds least to the parts that already have many.

    Args:
        masks: The parts that each image is in, as bits; at least one is set.
        parts: Number of parts.
        count: At most this many images.
        seed: Seed of the order among images of the same parts.

    Returns:
        The ids of the images, in the order of choice.
    """
    ids_by_mask: dict[int, list[str]] = defaultdict(list)
    for id_ in sorted(masks, key=lambda one: random_key(one, seed), reverse=True):
        ids_by_mask[masks[id_]].append(id_)
    parts_of = {mask: [i for i in range(parts) if mask >> i & 1] for mask in ids_by_mask}
    counts = np.zeros(parts, np.int64)
    chosen: list[str] = []
    while ids_by_mask and len(chosen) < count:
        rarest = min(
            (part for mask in ids_by_mask for part in parts_of[mask]),
            key=lambda part: (counts[part], part),
        )
        best = min(
            (mask for mask in ids_by_mask if mask >> rarest & 1),
            key=lambda mask: (sum(counts[p] + 1 for p in parts_of[mask] if p != rarest), mask),
        )
        chosen.append(ids_by_mask[best].pop())
        counts[parts_of[best]] += 1
        if not ids_by_mask[best]:
            del ids_by_mask[best]
    return chosen
