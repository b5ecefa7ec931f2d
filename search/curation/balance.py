"""Balancing: a subset in which some concepts are as common as one another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from splicedex.search.curation.sample import check_draw
from splicedex.search.curation.subsets.selection import Selection, lot, named
from splicedex.search.curation.subsets.subset import both, subset
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

MOST = 16
"""Parts that can be balanced."""
_PAGE = 8192


@dataclass(frozen=True, slots=True)
class Share:
    """A part that was balanced.

    Args:
        query: The part, as asked.
        images: How many of the subset match it.
        chosen: How many of those chosen do.
    """

    query: str
    images: int
    chosen: int


@dataclass(frozen=True, slots=True)
class Balance:
    """A balanced selection.

    Args:
        selection: The images.
        parts: What was balanced.
    """

    selection: Selection
    parts: tuple[Share, ...]


def balance(
    searcher: Searcher, query: str, by: Sequence[str], count: int, seed: int = 0
) -> Balance:
    """Choose images so that the parts are as equal in number as they can be.

    Each image is taken for the part that is behind, from those of its images that help the parts
    ahead least; images that match no part are left out. The draw within is by the seed.

    Args:
        searcher: Of an open index.
        query: The subset; empty for every image.
        by: Two to 16 queries, as concepts or `label:cat`; an image may match several.
        count: How many images, at least 1; fewer if there are not so many.
        seed: 0 or more.

    Raises:
        UserError: A query cannot be a subset or matches nothing, or a number is out of bounds.
    """
    check_draw(count, seed)
    if not 2 <= len(by) <= MOST:
        raise UserError(f"{len(by)} parts cannot be balanced", f"name 2 to {MOST}: --by cat,dog")
    chosen = subset(searcher, query)
    masks: dict[str, int] = defaultdict(int)
    sizes = []
    for number, part in enumerate(by):
        inside = both(chosen.filter, subset(searcher, part).filter)
        hits = searcher.index.engine.scroll(inside, with_payload=False, page=_PAGE)
        sizes.append(0)
        for hit in hits:
            masks[hit.id] |= 1 << number
            sizes[-1] += 1
        if not sizes[-1]:
            raise UserError(f"no image of the subset matches {part!r}", "balance by other parts")
    ids = even(masks, len(by), count, seed)
    taken = [sum(masks[id_] >> number & 1 for id_ in ids) for number in range(len(by))]
    return Balance(
        Selection(query, chosen.images, named(searcher.index, ids)),
        tuple(Share(*one) for one in zip(by, sizes, taken, strict=True)),
    )


def even(masks: dict[str, int], parts: int, count: int, seed: int) -> list[str]:
    """Ids whose parts are as equal in number as a greedy choice makes them.

    Args:
        masks: Parts of each image, one bit each, at least one set.
        parts: How many parts there are.
        count: At most this many ids.
        seed: Of the draw.
    """
    cells: dict[int, list[str]] = defaultdict(list)
    for id_ in sorted(masks, key=lambda one: lot(one, seed), reverse=True):
        cells[masks[id_]].append(id_)
    members = {mask: [i for i in range(parts) if mask >> i & 1] for mask in cells}
    counts = np.zeros(parts, np.int64)
    found: list[str] = []
    while cells and len(found) < count:
        behind = min(
            (part for mask in cells for part in members[mask]),
            key=lambda part: (counts[part], part),
        )
        ours = [mask for mask in cells if mask >> behind & 1]
        best = min(
            ours, key=lambda mask: (sum(counts[p] + 1 for p in members[mask] if p != behind), mask)
        )
        found.append(cells[best].pop())
        counts[members[best]] += 1
        if not cells[best]:
            del cells[best]
    return found
