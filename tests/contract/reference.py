"""The reference for all engines: queries and filters in plain Python and NumPy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from splicedex.indexer.engines.query import (
    And,
    Filter,
    Fusion,
    HasId,
    Match,
    Nearest,
    Not,
    Or,
    Range,
    SparseVector,
)


def passes(tree: Filter, point: str, payload: Mapping[str, Any]) -> bool:
    """Whether a point passes a filter."""
    match tree:
        case Match(key, values):
            return any(
                type(held) is type(value) and held == value
                for held in _held(payload, key)
                for value in values
            )
        case Range(key, gt, gte, lt, lte):
            return any(
                type(held) in (int, float)
                and (gt is None or held > gt)
                and (gte is None or held >= gte)
                and (lt is None or held < lt)
                and (lte is None or held <= lte)
                for held in _held(payload, key)
            )
        case HasId(ids):
            return point in ids
        case And(parts):
            return all(passes(part, point, payload) for part in parts)
        case Or(parts):
            return any(passes(part, point, payload) for part in parts)
        case Not(part):
            return not passes(part, point, payload)


def _held(payload: Mapping[str, Any], key: str) -> Iterator[Any]:
    held: Any = payload
    for part in key.split("."):
        if not isinstance(held, dict) or part not in held:
            return
        held = held[part]
    yield from held if isinstance(held, list) else [held]


def rank(nearest: Nearest, dense: Any, concepts: Any) -> dict[int, float]:
    """Scores by row, best first, of the rows of a ranking.

    Args:
        nearest: The ranking; its filter is not looked at.
        dense: Embeddings (n, d), of any length.
        concepts: Weights (n, c).
    """
    if isinstance(nearest.vector, SparseVector):
        weights = np.zeros(concepts.shape[1])
        weights[nearest.vector.indices] = nearest.vector.values
        scores = concepts @ weights
        rows = np.flatnonzero(np.abs(concepts) @ np.abs(weights))
    else:
        lengths = np.linalg.norm(dense, axis=1) * np.linalg.norm(nearest.vector)
        scores, rows = dense @ nearest.vector / lengths, np.arange(len(dense))
    return {int(row): float(scores[row]) for row in rows[np.argsort(-scores[rows])]}


def fuse(fusion: Fusion, rankings: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """Scores by row, best first, of a fusion of its parts' rankings."""
    total: dict[int, float] = defaultdict(float)
    weights = fusion.weights or (1.0,) * len(rankings)
    for ranking, weight in zip(rankings, weights, strict=True):
        top = dict(list(ranking.items())[: fusion.depth])
        scores = np.array(list(top.values()))
        middle, spread = scores.mean(), scores.std(ddof=1)
        for position, (row, score) in enumerate(top.items(), start=1):
            if fusion.kind == "dbsf":
                total[row] += (score - middle + 3 * spread) / (6 * spread)
            elif weight > 0:
                total[row] += 1 / (fusion.k + position / weight)
            else:
                total[row] += 0.0
    return dict(sorted(total.items(), key=lambda item: -item[1]))
