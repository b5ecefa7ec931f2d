"""Rankings: three ways to order what passes a filter, each able to explain its scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np

from indexer.engine import Engine
from indexer.index import Index
from indexer.query import Filter, Fusion, Hit, Nearest, Query
from search.explain import Explanation, explain_beliefs, explain_dense, explain_fusion
from search.plan import Plan
from search.rank import Beliefs, Evidence
from splice.align import Matrix

Scored: TypeAlias = tuple[str, float]
"""A point id and its score."""

BLOCK, SHORT_BLOCK = 512, 128
"""Hits are put in order in blocks of this many: fewer in a large index, where an AND loses .004 of
its average precision by it and gains half the time."""
FEW = 20_000
"""Images up to which an index is small."""
SCANNED = 1_000
"""Matches up to which the engine scans them instead of walking its graph."""
STRIDE = 128
"""Hits that a walk of the engine's graph is asked for at once: about as many as it looks at anyway,
so that pages of any size are cut from the same walk."""
IMAGES_A_CANDIDATE = 1_000
"""A walk keeps one candidate in view for so many images: in a larger graph it ends in a wrong
corner more often. Among a million that finds .90, not .71, of the 20 best for a text and a
concept."""
MARGIN = 16
"""Hits asked for beyond a page to see where its last ties end."""
DEPTH = 1000
"""Candidates that each ranking gives to a fusion."""


class Ranking(Protocol):
    """An order of the images that pass a filter."""

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Images from place `offset` on, best first; wherever pages are cut, the same order."""

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores of hits that came with their vectors and columns."""


def block_for(images: int) -> int:
    """The block that suits an index of so many images."""
    return BLOCK if images <= FEW else SHORT_BLOCK


def whole_blocks(offset: int, limit: int, block: int) -> tuple[int, int]:
    """Start and length of the whole blocks that hold the places of a page."""
    start = offset - offset % block
    end = offset + limit
    return start, end + -end % block - start


def _in_order(hits: Sequence[Hit]) -> list[Scored]:
    """Best first, and equals, which an engine gives in any order, by id."""
    return sorted(((hit.id, hit.score) for hit in hits), key=lambda one: (-one[1], one[0]))


def _places(
    engine: Engine, nearest: Nearest, passing: Filter, start: int, length: int
) -> list[Scored]:
    """Some places of an order where equals, such as copies of a photo, stand by id.

    All that equals the last of them has to be seen, as an engine may cut among equals anywhere.
    """
    end = start + length
    limit = end + MARGIN
    while True:
        hits = engine.query(Query(nearest, passing, limit, with_payload=False))
        if len(hits) < limit or hits[-1].score < hits[end - 1].score:
            return _in_order(hits)[start:end]
        limit *= 2


class ByBelief:
    """By how much likelier the query is to hold than in any image (see `search.rank`).

    The engine ranks along the plan's direction; its order is then refined block by block. Blocks
    lie where they lie whatever the page, so pages fit together; for the same reason the engine
    scans what passes the filter instead of walking its graph, unless that is too much.

    Args:
        index: Open index.
        plan: Any plan.
        block: Size of a block.
    """

    def __init__(self, index: Index, plan: Plan, block: int = BLOCK) -> None:
        self._index = index
        self._beliefs = Beliefs(plan, index.activations, index.calibration)
        self._direction = plan.direction
        self._block = block

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Images from place `offset` on, best first."""
        start, length = whole_blocks(offset, limit, self._block)
        ids = self._coarsely(filter, start, length)
        fields = self._beliefs.columns or False
        hits = self._index.engine.retrieve(ids, with_payload=fields, with_dense=True)
        found: list[Scored] = []
        for row in range(0, len(hits), self._block):
            found += self._refined(hits[row : row + self._block])
        return found[offset - start :][:limit]

    def _coarsely(self, passing: Filter, start: int, length: int) -> list[str]:
        engine = self._index.engine
        if self._direction is None:
            query = Query(None, passing, length, start, with_payload=False)
            return [hit.id for hit in engine.query(query)]
        matches = engine.estimate(passing)
        if matches is None:
            matches = engine.count(passing)
        if matches > SCANNED:
            found = _places(engine, Nearest(self._direction), passing, start, length)
            if len(found) == length:  # a walk may end early
                return [id_ for id_, _ in found]
        scan = Nearest(self._direction, exact=True)
        return [id_ for id_, _ in _places(engine, scan, passing, start, length)]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores over the parts of the query."""
        evidence = self._evidence(hits)
        return explain_beliefs(self._index.space, self._beliefs, evidence, len(hits))

    def _refined(self, hits: Sequence[Hit]) -> list[Scored]:
        scores = self._beliefs.scores(self._evidence(hits), len(hits)).tolist()
        return _in_order(
            [replace(hit, score=score) for hit, score in zip(hits, scores, strict=True)]
        )

    def _evidence(self, hits: Sequence[Hit]) -> Evidence:
        embeddings = np.array([hit.dense for hit in hits], np.float32)
        rows = embeddings.reshape(-1, self._index.space.dim)
        return self._beliefs.evidence(rows, [hit.payload for hit in hits])


@dataclass(frozen=True, eq=False)
class Part:
    """One of the things that a query ranks by.

    Args:
        name: What to call it.
        nearest: How it ranks.
        common: What vectors of its kind have in common (d,): the mean of images or of texts.
        weight: How much it counts.
    """

    name: str
    nearest: Nearest
    common: Matrix
    weight: float = 1.0


class AlongVector:
    """By cosine to one vector, in the engine alone.

    Args:
        index: Open index.
        parts: What it is the weighted sum of.
    """

    def __init__(self, index: Index, parts: Sequence[Part]) -> None:
        total = np.sum([part.weight * np.asarray(part.nearest.vector) for part in parts], axis=0)
        length = float(np.linalg.norm(total)) or 1.0
        common = np.sum([part.weight * part.common for part in parts], axis=0)
        self._index = index
        self._vector: Matrix = (total / length).astype(np.float32)
        self._common: Matrix = (common / length).astype(np.float32)

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Images from place `offset` on, best first."""
        start, length = whole_blocks(offset, limit, STRIDE)
        engine = self._index.engine
        width = max(STRIDE, engine.count() // IMAGES_A_CANDIDATE)
        found = _places(engine, Nearest(self._vector, width=width), filter, start, length)
        return found[offset - start :][:limit]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores over the images' concepts."""
        return [explain_dense(self._index.space, self._vector, self._common, hit) for hit in hits]


class Fused:
    """By reciprocal rank over several rankings, fused in the engine.

    Args:
        index: Open index.
        parts: The rankings, under different names.
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
        alone = (Query(part.nearest, filter, DEPTH, with_payload=False) for part in self._parts)
        everything = DEPTH * len(self._parts)
        fused = Query(self._fusion, filter, everything, with_payload=False)
        found, *ranked = engine.query_batch([fused, *alone])
        for part, hits in zip(self._parts, ranked, strict=True):
            for place, hit in enumerate(hits, start=1):
                self._ranks.setdefault(hit.id, {})[part.name] = place
        return _in_order(found)[offset:][:limit]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores over the rankings."""
        weights = {part.name: part.weight for part in self._parts}
        return [
            explain_fusion(weights, self._ranks.get(hit.id, {}), self._fusion.k, hit.score)
            for hit in hits
        ]
