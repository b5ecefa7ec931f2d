"""The options of a search."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from splicedex.splice.errors import UserError

Rank: TypeAlias = Literal["auto", "concept", "dense", "rrf"]
"""How to rank: by the concept score ("concept"), by the cosine to one vector ("dense"), or by the
engine's reciprocal rank fusion ("rrf"). "auto" is "dense" for queries with `text:` or `like:`, else
"concept"."""

MAX_OFFSET = 10**9


@dataclass(frozen=True)
class Options:
    """The options of a search.

    Args:
        limit: Maximum number of hits.
        offset: Number of best images to skip.
        near: Whether near misses follow the matches.
        rank: How to rank.
        weights: One weight for each ranking of the query, for "dense" and "rrf": each `text:` and
            `like:` in the order of the query, then the concepts. The default is 1 each.
        diversity: Weight of diversity within [0, 1]; 0 returns the best hits.
        count: Whether to count all matches. In an index of a million images this takes longer than
            to find the best: half a microsecond per image, the first time.

    Raises:
        UserError: A number is out of bounds.
    """

    limit: int = 10
    offset: int = 0
    near: bool = False
    rank: Rank = "auto"
    weights: tuple[float, ...] | None = None
    diversity: float = 0.0
    count: bool = True

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise UserError(f"limit {self.limit} is below 1", "ask for 1 or more")
        if not 0 <= self.offset <= MAX_OFFSET:
            raise UserError(f"offset {self.offset} is not within 0 and {MAX_OFFSET:,}", "try 0")
        if not 0 <= self.diversity <= 1:
            raise UserError(f"diversity {self.diversity:g} is not within 0 and 1", "try 0.3")
        weights = self.weights or (1.0,)
        if not all(math.isfinite(one) and one >= 0 for one in weights) or not any(weights):
            raise UserError("weights are numbers of 0 or more, not all 0", "try 2,1")
