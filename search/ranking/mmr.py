"""Maximal marginal relevance: good hits that are unlike each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from splicedex.indexer.engines.query import Filter, Hit
from splicedex.indexer.store.index import Index
from splicedex.search.ranking.explain import Explanation
from splicedex.search.ranking.nearest import Scored
from splicedex.search.ranking.rankers import BLOCK, Ranking, whole_blocks
from splicedex.splice.align import Matrix


class Diverse:
    """Another ranking, each block of it reordered for diversity.

    Args:
        index: Open index.
        ranking: What says how good an image is.
        diversity: Within 0 and 1.
        block: Size of a block.
    """

    def __init__(
        self, index: Index, ranking: Ranking, diversity: float, block: int = BLOCK
    ) -> None:
        self._index = index
        self._ranking = ranking
        self._diversity = diversity
        self._block = block

    @property
    def needs_embeddings(self) -> bool:
        """As the other ranking does."""
        return self._ranking.needs_embeddings

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Images from place `offset` on."""
        start, length = whole_blocks(offset, limit, self._block)
        scored = self._ranking.page(filter, start, length)
        found: list[Scored] = []
        for row in range(0, len(scored), self._block):
            found += self._reordered(scored[row : row + self._block])
        return found[offset - start :][:limit]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Split the scores, which are those of the other ranking."""
        return self._ranking.explain(hits)

    def _reordered(self, block: list[Scored]) -> list[Scored]:
        ids = [id_ for id_, _ in block]
        hits = self._index.engine.retrieve(ids, with_payload=False, with_dense=True)
        embeddings = np.array([hit.dense for hit in hits], np.float32)
        scores = np.array([score for _, score in block])
        return [block[row] for row in diversify(scores, embeddings, self._diversity)]


def diversify(scores: Matrix, embeddings: Matrix, diversity: float) -> list[int]:
    """Order hits one by one, each for its score less its likeness to those before it.

    `(1 - diversity) * score - diversity * max cosine` (Carbonell and Goldstein 1998), with scores
    scaled to [0, 1] and likenesses cut to it.

    Args:
        scores: (n,), best first.
        embeddings: Unit vectors (n, d).
        diversity: Within 0 and 1.

    Returns:
        Row numbers in order.
    """
    spread = float(scores.max() - scores.min())
    gain = (1 - diversity) * (scores - scores.min()) / (spread or 1.0)
    likeness = np.zeros(len(scores), np.float32)
    chosen: list[int] = []
    for _ in scores:
        best = int(np.argmax(gain - diversity * likeness))
        chosen.append(best)
        gain[best] = -np.inf
        likeness = np.maximum(likeness, (embeddings @ embeddings[best]).clip(0, 1))
    return chosen
