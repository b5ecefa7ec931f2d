"""`sample`: draw images of a subset at random."""

from __future__ import annotations

from splicedex.search.curation.subsets.checks import check_draw
from splicedex.search.curation.subsets.reading import read_ids
from splicedex.search.curation.subsets.selection import Selection, draw, named
from splicedex.search.curation.subsets.subset import subset
from splicedex.search.searcher import Searcher


def sample(searcher: Searcher, query: str, count: int, seed: int = 0) -> Selection:
    """Draw images of a subset uniformly, without replacement.

    The same seed draws the same images, in whatever index they are. When images are added to the
    subset, the draw changes only where a new image displaces an old one.

    Args:
        searcher: A searcher of an open index.
        query: The query of the subset; empty for every image.
        count: How many images, at least 1; all images if there are fewer.
        seed: Seed of the draw, 0 or more.

    Raises:
        UserError: The query cannot be a subset, or a number is out of range.
    """
    check_draw(count, seed)
    chosen = subset(searcher, query)
    ids = draw(read_ids(searcher.index, chosen.filter), count, seed)
    return Selection(query, chosen.images, named(searcher.index, ids))
