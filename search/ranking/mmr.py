"""Maximal marginal relevance (Carbonell and Goldstein 1998): good hits that differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from splicedex.indexer.engines.query import Filter, Hit
from splicedex.indexer.store.index import Index
from splicedex.search.ranking.explain import Explanation
from splicedex.search.ranking.nearest import Scored
from splicedex.search.ranking.rankers import BLOCK, Ranking, whole_blocks
from splicedex.splice.align import Matrix


class Diverse(Ranking):
    """Another ranking, reordered for diversity block by block.

    Args:
        index: Open index.
        ranking: The ranking that gives the scores.
        diversity: Between 0 and 1.
        block: Number of hits in a block.
    """

    def __init__(
        self, index: Index, ranking: Ranking, diversity: float, block: int = BLOCK
    ) -> None:
        super().__init__(index)
        self.needs_embeddings = ranking.needs_embeddings
        self._ranking = ranking
        self._diversity = diversity
        self._block = block

    def count(self, filter: Filter) -> int:  # noqa: A002
        """Number of images that pass a filter."""
        return self._ranking.count(filter)

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """The images from rank `offset` on, best first."""
        start, length = whole_blocks(offset, limit, self._block)
        scored = self._ranking.page(filter, start, length)
        found: list[Scored] = []
        for row in range(0, len(scored), self._block):
            found += self._reordered(scored[row : row + self._block])
        return found[offset - start :][:limit]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores of the other ranking."""
        return self._ranking.explain(hits)

    def _reordered(self, block: list[Scored]) -> list[Scored]:
        ids = [id_ for id_, _ in block]
        hits = self._index.engine.retrieve(ids, with_payload=False, with_dense=True)
        embeddings = np.array([hit.dense for hit in hits], np.float32)
        scores = np.array([score for _, score in block])
        return [block[row] for row in diversify(scores, embeddings, self._diversity)]


def diversify(scores: Matrix, embeddings: Matrix, diversity: float) -> list[int]:
    """Choose hits one by one, by their score minus their similarity to those chosen before.

    The criterion is `(1 - diversity) * score - diversity * max cosine`, with scores scaled to
    [0, 1] and cosines clipped to it.

    Args:
        scores: Scores (n,), best first.
        embeddings: Embeddings (n, d), unit length.
        diversity: Between 0 and 1.

    Returns:
        Row numbers in the new order.
    """
    span = float(scores.max() - scores.min())
    gain = (1 - diversity) * (scores - scores.min()) / (span or 1.0)
    similarity = np.zeros(len(scores), np.float32)
    chosen: list[int] = []
    for _ in scores:
        best = int(np.argmax(gain - diversity * similarity))
        chosen.append(best)
        gain[best] = -np.inf
        similarity = np.maximum(similarity, (embeddings @ embeddings[best]).clip(0, 1))
    return chosen
