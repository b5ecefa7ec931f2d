"""Three rankings of the images that pass a filter. Each can explain its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

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
from splicedex.search.ranking.nearest import FEW, Direction, Scored, in_order, places
from splicedex.splice.align import Matrix

BLOCK, SHORT_BLOCK = 512, 20
"""Number of hits that are sorted exactly at a time; the second is for large indexes, where reading
embeddings takes longer than finding them. Short blocks cost an AND .024 of average precision."""
STRIDE = 128
"""Hits requested from the engine's graph at once: about as many as a walk visits anyway, so that
pages of any size are cut from the same walk."""
DEPTH = 1000
"""Candidates that each ranking contributes to a fusion."""


class Ranking(Protocol):
    """An order of the images that pass a filter, with scores."""

    @property
    def needs_embeddings(self) -> bool:
        """Whether hits must have their dense vectors to be explained."""

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """The images from rank `offset` on, best first. The order is the same for any page size."""

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores of the hits of a page, fetched with concepts and columns."""


def block_for(images: int) -> int:
    """The block size for an index of so many images."""
    return BLOCK if images <= FEW else SHORT_BLOCK


def whole_blocks(offset: int, limit: int, block: int) -> tuple[int, int]:
    """Start and length of the whole blocks that contain a page."""
    start = offset - offset % block
    end = offset + limit
    return start, end + -end % block - start


class ByConceptScore:
    """Ranks by concept score (see `search.ranking.concept_scorer`).

    The engine ranks along the direction of the plan; that order is then refined block by block.
    Block borders do not depend on the page, so pages fit together.

    Args:
        index: Open index.
        plan: Plan of the query.
        images: Cache of standardised embeddings of the same index.
        block: Number of hits in a block.
    """

    needs_embeddings = False

    def __init__(
        self, index: Index, plan: Plan, images: EmbeddingCache, block: int = BLOCK
    ) -> None:
        self._index = index
        self._calibration = index.calibration
        self._scorer = ConceptScorer(plan, self._calibration)
        self._plan = plan
        self._images = images
        self._refined_rows: dict[str, Matrix] = {}
        self._block = block

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """The images from rank `offset` on, best first."""
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
        return [id_ for id_, _ in places(engine, along, passing, start, length)]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores over the parts of the query."""
        standardised = self._rows([self._refined_rows[hit.id] for hit in hits])
        logits = self._scorer.logits(standardised, [hit.payload for hit in hits])
        return explain_parts(self._index.space, self._scorer, logits, len(hits))

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
    """One vector that a query ranks by.

    Args:
        name: Its name in explanations.
        nearest: The ranking that the engine computes.
        common: Mean of vectors of its kind (d,): of images or of texts.
        weight: Its weight among the parts.
    """

    name: str
    nearest: Nearest
    common: Matrix
    weight: float = 1.0


class AlongVector:
    """Ranks by cosine to one vector, in the engine.

    Args:
        index: Open index.
        parts: The vector is their weighted sum.
    """

    needs_embeddings = True

    def __init__(self, index: Index, parts: Sequence[Part]) -> None:
        total = np.sum([part.weight * np.asarray(part.nearest.vector) for part in parts], axis=0)
        length = float(np.linalg.norm(total)) or 1.0
        common = np.sum([part.weight * part.common for part in parts], axis=0)
        self._index = index
        self._vector: Matrix = (total / length).astype(np.float32)
        self._common: Matrix = (common / length).astype(np.float32)

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """The images from rank `offset` on, best first."""
        start, length = whole_blocks(offset, limit, STRIDE)
        engine = self._index.engine
        found = places(engine, Direction(self._vector), filter, start, length)
        return found[offset - start :][:limit]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores over the concepts of the images."""
        return [explain_dense(self._index.space, self._vector, self._common, hit) for hit in hits]


class Fused:
    """Ranks by reciprocal rank fusion of several rankings, in the engine.

    Args:
        index: Open index.
        parts: The rankings; their names differ.
    """

    needs_embeddings = False

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
        """The images from rank `offset` on, best first; none beyond the depth of the fusion."""
        engine = self._index.engine
        alone = (Query(part.nearest, filter, DEPTH, with_payload=False) for part in self._parts)
        everything = DEPTH * len(self._parts)
        fused = Query(self._fusion, filter, everything, with_payload=False)
        found, *ranked = engine.query_batch([fused, *alone])
        for part, hits in zip(self._parts, ranked, strict=True):
            for place, hit in enumerate(hits, start=1):
                self._ranks.setdefault(hit.id, {})[part.name] = place
        return in_order((hit.id, hit.score) for hit in found)[offset:][:limit]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores over the rankings."""
        weights = {part.name: part.weight for part in self._parts}
        return [
            explain_fusion(weights, self._ranks.get(hit.id, {}), self._fusion.k, hit.score)
            for hit in hits
        ]
