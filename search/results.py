"""The results of a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from splicedex.search.ranking.explain import Explanation


@dataclass(frozen=True, slots=True)
class Result:
    """An image that matches a query, or a near miss.

    Args:
        id: The point id of the image.
        path: The name of the image in the index.
        score: Higher is better. Scores are comparable within one answer only.
        match: Whether the image matches; False for a near miss.
        explanation: The score as a sum.
        concepts: The concepts of the image's decomposition with their weights, heaviest first.
        payload: The user's columns, the location of the photo, and the cosine between the image and
            its reconstruction from concepts.
    """

    id: str
    path: str
    score: float
    match: bool
    explanation: Explanation
    concepts: tuple[tuple[str, float], ...]
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Results:
    """The answer to a query.

    Args:
        query: The query as typed.
        hits: The results, best first.
        matches: Number of images that match; None if it was not counted.
        notes: How words of the query were interpreted, where that is not obvious.
        took_ms: Wall time in milliseconds.
        cursor: The cursor of the next page; None on the last page.
    """

    query: str
    hits: tuple[Result, ...]
    matches: int | None
    notes: tuple[str, ...]
    took_ms: float
    cursor: str | None
