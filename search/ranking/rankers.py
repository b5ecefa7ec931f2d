"""Three rankings of the images that pass a filter. Each explains its scores."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from splicedex.indexer.engines.query import Filter, Fusion, Hit, Nearest, Query
from splicedex.indexer.store.index import Index
from splicedex.search.query.plan import Plan
from splicedex.search.ranking.concept_scorer import ConceptScorer
from splicedex.search.ranking.embedding_cache import EmbeddingCache
from splicedex.search.ranking.explain import (
    Explanation,
    explain_dense,
    explain_fusion,
    explain_parts,
)
from splicedex.search.ranking.nearest import Scored, in_order, nearest_images
from splicedex.search.ranking.nearest_mapped import MOST, nearest_mapped
from splicedex.search.ranking.nearest_methods import FEW, Direction
from splicedex.splice.align import Matrix

BLOCK, SHORT_BLOCK = 512, 20
"""Numbers of hits per block that is reordered by concept score, in small and in large indexes. In a
large index it takes longer to read embeddings than to find hits. Short blocks lower the average
precision of an AND by .024."""
STRIDE = 128
"""Hits per request to the engine's graph: about as many as a walk visits in any case, so that pages
of any size come from the same walk."""
DEPTH = 1000
"""Candidates of each ranking in a fusion."""


class Ranking(ABC):
    """An order of the images that pass a filter, with scores.

    Args:
        index: Open index.
    """

    needs_embeddings = False
    """Whether `explain` needs hits with their dense vectors."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def count(self, filter: Filter) -> int:  # noqa: A002  (the usual word in this field)
        """Number of images that pass a filter."""
        return self._index.engine.count(filter)

    @abstractmethod
    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Return the page of `limit` images at an offset, best first.

        The order does not depend on the size of the pages.
        """

    @abstractmethod
    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Explain the scores of hits of a page; they need their concepts and columns."""


def block_for(images: int) -> int:
    """Return the block size for an index with this number of images."""
    return BLOCK if images <= FEW else SHORT_BLOCK


def whole_blocks(offset: int, limit: int, block: int) -> tuple[int, int]:
    """Return the start and length of the whole blocks that contain a page."""
    start = offset - offset % block
    end = offset + limit
    return start, end + -end % block - start


class ByConceptScore(Ranking):
    """Ranking by concept score (`search.ranking.concept_scorer`).

    The engine ranks by the cosine to the plan's direction, and each block of its order is sorted by
    concept score. Blocks do not depend on the page, so pages neither overlap nor leave gaps.

    Args:
        index: Open index.
        plan: Query plan.
        images: Cache of the index's standardised embeddings.
        block: Number of hits per block.
    """

    def __init__(
        self, index: Index, plan: Plan, images: EmbeddingCache, block: int = BLOCK
    ) -> None:
        super().__init__(index)
        self._calibration = index.calibration
        self._scorer = ConceptScorer(plan, self._calibration)
        self._plan = plan
        self._images = images
        self._refined_rows: dict[str, Matrix] = {}
        self._block = block

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Return the page of `limit` images at an offset, best first."""
        start, length = whole_blocks(offset, limit, self._block)
        ids = self._coarsely(filter, start, length)
        found: list[Scored] = []
        for row in range(0, len(ids), self._block):
            found += self._refined(ids[row : row + self._block])
        return found[offset - start :][:limit]

    def _coarsely(self, passing: Filter, start: int, length: int) -> list[str]:
        engine, plan = self._index.engine, self._plan
        if plan.direction is None:
            query = Query(None, passing, length, start, with_payload=False)
            return [hit.id for hit in engine.query(query)]
        along = Direction(plan.direction, plan.columns, plan.strongest)
        return [id_ for id_, _ in nearest_images(engine, along, passing, start, length)]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Explain the scores by the parts of the query."""
        standardised = self._rows([self._refined_rows[hit.id] for hit in hits])
        logits = self._scorer.logits(standardised, [hit.payload for hit in hits])
        scored = self._scorer.score_parts(logits)
        return explain_parts(self._index.space, self._scorer, logits, scored, len(hits))

    def _refined(self, ids: Sequence[str]) -> list[Scored]:
        rows = self._images.of(ids, self._calibration.activations)
        self._refined_rows |= rows
        columns = self._columns(list(rows)) if self._scorer.columns else {}
        standardised = self._rows(list(rows.values()))
        logits = self._scorer.logits(standardised, [columns.get(id_, {}) for id_ in rows])
        scores = self._scorer.scores(logits, len(rows)).tolist()
        return in_order(zip(rows, scores, strict=True))

    def _rows(self, vectors: Sequence[Matrix]) -> Matrix:
        return np.array(vectors, np.float32).reshape(-1, self._index.space.dim)

    def _columns(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        hits = self._index.engine.retrieve(ids, with_payload=self._scorer.columns)
        return {hit.id: hit.payload for hit in hits}


@dataclass(frozen=True, eq=False)
class Part:
    """One of the rankings that a query consists of.

    Args:
        name: Name in explanations and messages.
        nearest: The ranking for the engine.
        common: Mean (d,) of all vectors of this kind, images or texts; zero for concepts.
        weight: Weight of the ranking, as the user gives it.
        beside: For what is unwanted, its share beside what is wanted; None for what is wanted.
    """

    name: str
    nearest: Nearest
    common: Matrix
    weight: float = 1.0
    beside: float | None = None

    @property
    def vector(self) -> Matrix:
        """The vector (d,) of the ranking."""
        return np.asarray(self.nearest.vector, np.float32)

    @property
    def share(self) -> float:
        """Its weight among the others."""
        return self.weight * (1.0 if self.beside is None else self.beside)


class AlongVector(Ranking):
    """Ranking by the cosine to one vector: by the engine alone, or over its mapped copy.

    What is unwanted is added to the unit vector of what is wanted, so that several wishes do not
    make it count less. It compares photos with the mean photo, so that the scores of sentences
    with and without a NOT are comparable: `score = z·q - sum w (z - mean)·u`. The log-odds of a
    concept are linear in z along the same u, so a score falls with the odds of what is unwanted.

    Args:
        index: Open index.
        parts: Rankings whose weighted vectors add up to the vector.
    """

    needs_embeddings = True

    def __init__(self, index: Index, parts: Sequence[Part]) -> None:
        super().__init__(index)
        dim = index.space.dim
        wanted = [part for part in parts if part.beside is None]
        total = _sum([part.share * part.vector for part in wanted], dim)
        length = float(np.linalg.norm(total)) or 1.0
        away = _sum([part.share * part.vector for part in parts if part.beside is not None], dim)
        self._query: Matrix = (total / length + away).astype(np.float32)
        self._norm = float(np.linalg.norm(self._query)) or 1.0
        self._shift = -float(away @ index.space.image_mean)
        self._common: Matrix = _sum([part.share * part.common for part in wanted], dim) / length

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Return the page of `limit` images at an offset, best first."""
        found = self._nearest(filter, offset, limit)
        return [(id_, cosine * self._norm + self._shift) for id_, cosine in found]

    def _nearest(self, passing: Filter, offset: int, limit: int) -> list[Scored]:
        engine, vector = self._index.engine, self._query / self._norm
        mapped = engine.mapped
        if mapped and mapped.answers(passing):
            rows = mapped.select(passing)
            if len(rows) <= MOST:
                return nearest_mapped(mapped, vector, rows, offset, limit)
        start, length = whole_blocks(offset, limit, STRIDE)
        found = nearest_images(engine, Direction(vector), passing, start, length)
        return found[offset - start :][:limit]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Explain the scores by the concepts of the images."""
        space = self._index.space
        return [explain_dense(space, self._query, self._common, hit, self._shift) for hit in hits]


def _sum(vectors: Sequence[Matrix], dim: int) -> Matrix:
    total: Matrix = np.sum([np.zeros(dim, np.float32), *vectors], axis=0, dtype=np.float32)
    return total


class Fused(Ranking):
    """Reciprocal rank fusion of several rankings, by the engine.

    Args:
        index: Open index.
        parts: The rankings, with distinct names.
    """

    def __init__(self, index: Index, parts: Sequence[Part]) -> None:
        super().__init__(index)
        self._parts = parts
        self._fusion = Fusion(
            tuple(part.nearest for part in parts),
            weights=tuple(part.share for part in parts),
            depth=DEPTH,
        )
        self._ranks: dict[str, dict[str, int]] = {}
        self._scores: dict[str, float] = {}

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Return the page of `limit` images at an offset, at most to the depth of the fusion."""
        engine = self._index.engine
        alone = (Query(part.nearest, filter, DEPTH, with_payload=False) for part in self._parts)
        everything = DEPTH * len(self._parts)
        fused = Query(self._fusion, filter, everything, with_payload=False)
        found, *ranked = engine.query_batch([fused, *alone])
        for part, hits in zip(self._parts, ranked, strict=True):
            for rank, hit in enumerate(hits, start=1):
                self._ranks.setdefault(hit.id, {})[part.name] = rank
        scores = {hit.id: hit.score for hit in found}
        self._scores |= scores
        return in_order(scores.items())[offset:][:limit]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Explain the scores by the rankings."""
        weights = {part.name: part.share for part in self._parts}
        return [
            explain_fusion(
                weights, self._ranks.get(hit.id, {}), self._fusion.k, self._scores[hit.id]
            )
            for hit in hits
        ]
