"""The options of a search, and its results."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from splicedex.search.ranking.explain import Explanation
from splicedex.splice.errors import UserError

Rank: TypeAlias = Literal["auto", "concept", "dense", "rrf"]

FARTHEST = 10**9
"""Maximum offset."""


@dataclass(frozen=True)
class Options:
    """Options of a search.

    Args:
        limit: Maximum number of hits.
        offset: Number of best hits to skip.
        near: Whether near misses follow the matches.
        rank: "concept" ranks by concept score; "dense" along one vector; "rrf" fuses several
            rankings in the engine; "auto" is concept, or dense if the query has `text:` or `like:`.
        weights: Weights of the rankings for "dense" and "rrf": each `text:` and `like:` in order,
            then the concepts. The default is 1 each.
        diversity: Between 0, the best hits, and 1, hits that differ most.
        count: Whether to count all matches. The first time, this takes 0.5 µs for each image: in an
            index of a million, longer than finding the best.

    Raises:
        UserError: A number is out of range.
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
        if not 0 <= self.offset <= FARTHEST:
            raise UserError(f"offset {self.offset} is not within 0 and {FARTHEST:,}", "try 0")
        if not 0 <= self.diversity <= 1:
            raise UserError(f"diversity {self.diversity:g} is not within 0 and 1", "try 0.3")
        weights = self.weights or (1.0,)
        if not all(math.isfinite(one) and one >= 0 for one in weights) or not any(weights):
            raise UserError("weights are numbers of 0 or more, not all 0", "try 2,1")


@dataclass(frozen=True, slots=True)
class Result:
    """A match or a near miss.

    Args:
        id: Point id of the image.
        path: Name of the image in the index.
        score: Higher is better. Scores are comparable within one answer.
        match: False for a near miss.
        explanation: The score as a sum.
        shows: The concepts that the image is said to show, with probabilities, most probable first.
        concepts: Decomposition of the image: concepts with weights, largest first.
        payload: Its columns, the location of its file, and its reconstruction cosine.
    """

    id: str
    path: str
    score: float
    match: bool
    explanation: Explanation
    shows: tuple[tuple[str, float], ...]
    concepts: tuple[tuple[str, float], ...]
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Results:
    """The answer to a query.

    Args:
        query: The query.
        hits: Hits, best first.
        matches: Number of images that match; None if it was not counted.
        notes: How words were interpreted, if that is not obvious.
        took_ms: Wall time in milliseconds.
        cursor: Cursor of the next page; None on the last.
        reading: The query as it was read, in the exact language.
    """

    query: str
    hits: tuple[Result, ...]
    matches: int | None
    notes: tuple[str, ...]
    took_ms: float
    cursor: str | None
    reading: str
