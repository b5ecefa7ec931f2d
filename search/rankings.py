"""Rankings: three ways to order what passes a filter, each able to explain its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from indexer.index import Index
from indexer.query import Filter, Fusion, Hit, Nearest, Query
from search.explain import Explanation, explain_beliefs, explain_dense, explain_fusion
from search.plan import Plan
from search.rank import Beliefs
from splice.align import Matrix

Scored: TypeAlias = tuple[str, float]
"""A point id and its score."""

BLOCK = 512
"""Hits are ranked by belief in blocks of this many."""
DEPTH = 1000
"""Candidates that each ranking gives to a fusion, at least."""


class Ranking(Protocol):
    """An order of the images that pass a filter."""

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Images from place `offset` on, best first."""

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores of hits that came with their vectors."""


class ByBelief:
    """By how much likelier the query is to hold than in any image (see `search.rank`).

    The engine ranks along the plan's direction; its order is then refined block by block, so that
    pages are stable however far one goes.

    Args:
        index: Open index.
        plan: Of a query that names concepts or columns.
        block: Size of a block.
    """

    def __init__(self, index: Index, plan: Plan, block: int = BLOCK) -> None:
        self._index = index
        self._beliefs = Beliefs(plan, index.activations, index.calibration)
        self._direction = plan.direction
        self._block = block

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Images from place `offset` on, best first."""
        found: list[Scored] = []
        while len(found) < limit:
            place = offset + len(found)
            block = self._refined(filter, place - place % self._block)
            found += block[place % self._block :][: limit - len(found)]
            if len(block) < self._block:
                break
        return found

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores over the parts of the query."""
        if not hits:
            return []
        embeddings = np.array([hit.dense for hit in hits], np.float32)
        evidence = self._beliefs.evidence(embeddings, [hit.payload for hit in hits])
        return explain_beliefs(self._index.space, self._beliefs, evidence)

    def _refined(self, filter: Filter, start: int) -> list[Scored]:  # noqa: A002
        ranking = None if self._direction is None else Nearest(self._direction)
        hits = self._index.engine.query(
            Query(
                ranking,
                filter,
                self._block,
                start,
                with_payload=self._beliefs.columns or False,
                with_dense=True,
            )
        )
        if not hits:
            return []
        embeddings = np.array([hit.dense for hit in hits], np.float32)
        evidence = self._beliefs.evidence(embeddings, [hit.payload for hit in hits])
        scores = self._beliefs.lifts(evidence).sum(axis=1)
        scored = zip([hit.id for hit in hits], scores.tolist(), strict=True)
        return sorted(scored, key=lambda one: (-one[1], one[0]))


class AlongVector:
    """By cosine to one vector, in the engine alone.

    Args:
        index: Open index.
        vector: Unit vector (d,).
    """

    def __init__(self, index: Index, vector: Matrix) -> None:
        self._index = index
        self._vector = vector

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Images from place `offset` on, best first."""
        query = Query(Nearest(self._vector), filter, limit, offset, with_payload=False)
        return [(hit.id, hit.score) for hit in self._index.engine.query(query)]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores over the images' concepts."""
        return [explain_dense(self._index.space, self._vector, hit) for hit in hits]


@dataclass(frozen=True)
class Part:
    """One of the rankings that are fused: what to call it, how it ranks, what it weighs."""

    name: str
    nearest: Nearest
    weight: float = 1.0


class Fused:
    """By reciprocal rank over several rankings, fused in the engine.

    Args:
        index: Open index.
        parts: The rankings.
    """

    def __init__(self, index: Index, parts: Sequence[Part]) -> None:
        self._index = index
        self._parts = parts
        self._fusion = Fusion(
            tuple(part.nearest for part in parts),
            weights=tuple(part.weight for part in parts),
            depth=DEPTH,
        )
        self._ranks: dict[str, dict[str, int]] = {}

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Images from place `offset` on, best first; beyond the fusion's depth there are none."""
        engine = self._index.engine
        query = Query(self._fusion, filter, limit, offset, with_payload=False)
        fused = engine.query(query)
        alone = engine.query_batch(
            [Query(part.nearest, filter, DEPTH, with_payload=False) for part in self._parts]
        )
        for part, hits in zip(self._parts, alone, strict=True):
            for place, hit in enumerate(hits, start=1):
                self._ranks.setdefault(hit.id, {})[part.name] = place
        return [(hit.id, hit.score) for hit in fused]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores over the rankings."""
        weights = {part.name: part.weight for part in self._parts}
        return [
            explain_fusion(weights, self._ranks.get(hit.id, {}), self._fusion.k, hit.score)
            for hit in hits
        ]
