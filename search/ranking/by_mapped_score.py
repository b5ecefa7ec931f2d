"""Ranking by concept score over the mapped copy of an index: exact among all matches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.mapped.snapshot import Rows, Snapshot
from splicedex.indexer.engines.query import Filter, Hit
from splicedex.indexer.store.index import Index
from splicedex.search.query.plan import Plan
from splicedex.search.ranking.concept_scorer import ConceptLogits, ConceptScorer
from splicedex.search.ranking.explain import Explanation, explain_parts
from splicedex.search.ranking.nearest import Scored
from splicedex.search.ranking.rankers import Ranking
from splicedex.search.ranking.scales import Scales


class ByMappedScore(Ranking):
    """Ranking by concept score (`search.ranking.concept_scorer`) of all images that pass.

    Args:
        index: Open index.
        plan: Query plan. It conditions on concepts only.
        snapshot: The mapped copy of the index.
        scales: The scales of its images.
    """

    needs_embeddings = False

    def __init__(self, index: Index, plan: Plan, snapshot: Snapshot, scales: Scales) -> None:
        super().__init__(index)
        self._calibration = index.calibration
        self._scorer = ConceptScorer(plan, self._calibration)
        self._linear = self._calibration.linear(self._scorer.concepts)
        self._snapshot = snapshot
        self._scales = scales
        self._selected: dict[Filter, Rows] = {}
        self._rows: dict[str, int] = {}

    def count(self, filter: Filter) -> int:  # noqa: A002  (the usual word in this field)
        """Number of images that pass a filter."""
        return len(self._select(filter))

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Return the page of `limit` images at an offset, best first."""
        rows = self._select(filter)
        scores = self._scorer.scores(self._logits(rows), len(rows))
        found = self._best(rows, scores, offset + limit)[offset:]
        self._rows |= {id_: row for id_, _, row in found}
        return [(id_, score) for id_, score, _ in found]

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Explain the scores by the parts of the query."""
        logits = self._logits(np.array([self._rows[hit.id] for hit in hits], np.int64))
        return explain_parts(self._index.space, self._scorer, logits, len(hits))

    def _select(self, passing: Filter) -> Rows:
        if passing not in self._selected:
            self._selected[passing] = self._snapshot.select(passing)
        return self._selected[passing]

    def _logits(self, rows: Rows) -> ConceptLogits:
        vectors, shift, offsets = self._linear
        scales = self._scales.of(self._snapshot, self._calibration.activations, rows)
        logits = self._snapshot.embeddings[rows] @ vectors.T
        logits -= shift
        logits *= scales[:, None]
        logits += offsets
        nothing: Sequence[Mapping[str, object]] = ()
        return ConceptLogits(dict(zip(self._scorer.concepts, logits.T, strict=True)), nothing)

    def _best(
        self, rows: Rows, scores: NDArray[np.float64], count: int
    ) -> list[tuple[str, float, int]]:
        """The ids, scores and rows of the images with the highest scores; equals are by id."""
        if count < len(rows):
            kept = scores >= np.partition(scores, -count)[-count]
            rows, scores = rows[kept], scores[kept]
        ids = self._snapshot.ids[rows].view(">u8")
        order = np.lexsort((ids[:, 1], ids[:, 0], -scores))[:count]
        best = zip(rows[order].tolist(), scores[order].tolist(), strict=True)
        return [(self._snapshot.id_of(row), score, row) for row, score in best]
