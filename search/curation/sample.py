"""Sampling: a uniform draw from a subset."""

from __future__ import annotations

from splicedex.search.curation.subsets.selection import Selection, draw, named
from splicedex.search.curation.subsets.subset import subset
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

_PAGE = 8192


def sample(searcher: Searcher, query: str, count: int, seed: int = 0) -> Selection:
    """Draw images of a subset, without replacement.

    The same seed draws the same images wherever they are indexed; of a subset that has grown, it
    draws the same ones but for those that newcomers displace.

    Args:
        searcher: Of an open index.
        query: The subset; empty for every image.
        count: How many, at least 1; all if there are fewer.
        seed: 0 or more.

    Raises:
        UserError: The query cannot be a subset, or a number is out of bounds.
    """
    check_draw(count, seed)
    chosen = subset(searcher, query)
    hits = searcher.index.engine.scroll(chosen.filter, with_payload=False, page=_PAGE)
    ids = draw((hit.id for hit in hits), count, seed)
    return Selection(query, chosen.images, named(searcher.index, ids))


def check_draw(count: int, seed: int) -> None:
    """Refuse numbers that draw nothing.

    Raises:
        UserError: The count is below 1, or the seed is below 0 or over 64 bits.
    """
    if count < 1:
        raise UserError(f"{count} images cannot be drawn", "ask for 1 or more")
    if not 0 <= seed < 2**64:
        raise UserError(f"seed {seed} is out of bounds", "use 0 or more")
