"""Ranking by concept score over the mapped copy of an index: exact among all matches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.mapped.snapshot import Rows, Snapshot
from splicedex.indexer.engines.query import Filter, Hit
from splicedex.indexer.store.index import Index
from splicedex.search.query.plan import Plan
from splicedex.search.ranking.concept_scorer import ConceptLogits, ConceptScorer
from splicedex.search.ranking.explain import Explanation, explain_parts
from splicedex.search.ranking.nearest import Scored
from splicedex.search.ranking.pruning import Bounds, Logits, estimate
from splicedex.search.ranking.rankers import Ranking
from splicedex.search.ranking.scales import Scales
from splicedex.splice.align import Matrix

FEW = 256
"""Number of images that are scored without asking first which may be among the best."""
SEEDS = 64
"""Number of images whose scores set a minimum for the others."""
DENSE = 0.25
"""Share of all images from which it is faster to go through all than to pick them out."""
ROUNDING = 1e-3
"""Log-odds that two ways to compute a product of 32-bit numbers may differ by."""


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
        rows, end = self._select(filter), offset + limit
        if len(rows) > max(FEW, 2 * end):
            rows = self._promising(rows, end)
        found = self._best(rows, self._scores(rows), end)[offset:]
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

    def _promising(self, rows: Rows, count: int) -> Rows:
        """The rows that may be among the `count` best, by the products of 8-bit integers."""
        logits, error = self._rough_logits(rows)
        meanings, parts = self._scorer.meanings, self._scorer.parts
        rough = reduce(np.minimum, (estimate(part, meanings, logits) for part in parts))
        first = max(SEEDS, count)
        some = rows[np.argpartition(rough, -first)[-first:]]
        least = np.partition(self._scores(some), -count)[-count] + self._scorer.prior
        bounds = Bounds(meanings, logits, error)
        kept = reduce(np.logical_and, (bounds.may_reach(part, min(least, 0.0)) for part in parts))
        return rows[np.flatnonzero(np.broadcast_to(kept, len(rows)))]

    def _rough_logits(self, rows: Rows) -> tuple[Logits, Callable[[int], Matrix]]:
        """Log-odds (m,) of each concept, and how far those of a concept may be off (m,)."""
        vectors, shift, offsets = self._linear
        if len(rows) < DENSE * len(self._snapshot.deleted):
            products = self._snapshot.quantized.products(vectors, rows)
        else:
            products = self._snapshot.quantized.products(vectors, slice(None)).take(rows)
        scales = self._scales.of(self._snapshot, self._calibration.activations, rows)
        values = products.values
        values -= shift[:, None]
        values *= scales
        values += offsets[:, None]
        concepts = self._scorer.concepts

        def error(concept: int) -> Matrix:
            errors = products.errors(concepts.index(concept))
            errors *= scales
            errors += ROUNDING
            return errors

        return dict(zip(concepts, values, strict=True)), error

    def _scores(self, rows: Rows) -> NDArray[np.float64]:
        return self._scorer.scores(self._logits(rows), len(rows))

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
