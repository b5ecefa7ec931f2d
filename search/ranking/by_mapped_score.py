"""Ranking by concept score over the mapped copy of an index: exact among all matches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.mapped.snapshot import Rows, Snapshot
from splicedex.indexer.engines.query import Filter, Hit, Or
from splicedex.indexer.payload.presence import at_least
from splicedex.indexer.store.index import Index
from splicedex.search.query.normalize import leaves
from splicedex.search.query.plan import SURELY, Plan, plainly_wanted
from splicedex.search.ranking.concept_scorer import (
    ConceptLogits,
    ConceptScorer,
    PartScore,
    total,
)
from splicedex.search.ranking.explain import Explanation, explain_parts
from splicedex.search.ranking.nearest import Scored
from splicedex.search.ranking.pruning import Bounds, Logits, estimate
from splicedex.search.ranking.rankers import Ranking
from splicedex.splice.align import Matrix
from splicedex.splice.presence.calibration import logit

FEW = 256
"""Number of images that are scored without asking first which may be among the best."""
SEEDS = 64
"""Number of images whose scores set a minimum for the others."""
LONG = 20_000
"""Number of images from which the surest are looked at first."""
MOST_SCANNED = 150_000
"""Number of images up to which the exact order takes milliseconds. For more, walk a graph."""
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
    """

    needs_embeddings = False

    def __init__(self, index: Index, plan: Plan, snapshot: Snapshot) -> None:
        super().__init__(index)
        self._calibration = index.calibration
        self._scorer = ConceptScorer(plan, self._calibration)
        self._linear = self._calibration.linear(self._scorer.concepts)
        self._snapshot = snapshot
        self._selected: dict[Filter, Rows] = {}
        self._page = _Page({}, ConceptLogits({}, ()), ())

    def count(self, filter: Filter) -> int:  # noqa: A002  (the usual word in this field)
        """Number of images that pass a filter."""
        return len(self._select(filter))

    def scanned(self, filter: Filter) -> int:  # noqa: A002
        """About how many images have to be compared to find the best that pass a filter."""
        rows = self._select(filter)
        return min((len(head) for head, _ in self._heads(rows, 1)), default=len(rows))

    def page(self, filter: Filter, offset: int, limit: int) -> list[Scored]:  # noqa: A002
        """Return the page of `limit` images at an offset, best first."""
        rows, end = self._select(filter), offset + limit
        if len(rows) > max(FEW, 2 * end):
            rows = self._promising(rows, end)
        logits = self._logits(rows)
        parts = self._scorer.score_parts(logits)
        scores = total(parts, len(rows))
        best = self._best(rows, scores, end)[offset:]
        ids = [self._snapshot.id_of(row) for row in rows[best].tolist()]
        self._page = _Page(dict(zip(ids, best.tolist(), strict=True)), logits, parts)
        return list(zip(ids, scores[best].tolist(), strict=True))

    def explain(self, hits: Sequence[Hit]) -> list[Explanation]:
        """Explain the scores of the last page by the parts of the query."""
        page = self._page
        at = np.array([page.places[hit.id] for hit in hits], np.int64)
        logits = {i: found[at] for i, found in page.logits.by_concept.items()}
        return explain_parts(
            self._index.space,
            self._scorer,
            replace(page.logits, by_concept=logits),
            [part.take(at) for part in page.parts],
            len(hits),
        )

    def _select(self, passing: Filter) -> Rows:
        if passing not in self._selected:
            self._selected[passing] = self._snapshot.select(passing)
        return self._selected[passing]

    def _promising(self, rows: Rows, count: int) -> Rows:
        """The rows that may be among the `count` best."""
        for head, bound in self._heads(rows, count):
            found, least = self._pruned(head, count)
            if least > bound:
                return found
        return self._pruned(rows, count)[0]

    def _heads(self, rows: Rows, count: int) -> Iterator[tuple[Rows, float]]:
        """Rows with a high presence of what a part of the query wants, and a bound for others.

        The bound is for the log-probability of the query in any row that is left out (champion
        lists: Manning, Raghavan and Schütze 2008, "Introduction to Information Retrieval", 7.1.3).
        """
        if len(rows) < LONG:
            return
        for part in self._scorer.parts:
            if not all(plainly_wanted(*leaf) for leaf in leaves(part)):
                continue
            surely = [at_least(i, SURELY) for i in self._scorer.synonyms_of(part)]
            there = np.zeros(len(self._snapshot.deleted), np.bool_)
            there[self._snapshot.select(Or(tuple(surely)))] = True
            head = rows[there[rows]]
            if len(head) > max(FEW, 2 * count):
                yield head, self._scorer.at(part, logit(np.array([SURELY])) + ROUNDING)

    def _pruned(self, rows: Rows, count: int) -> tuple[Rows, float]:
        """The rows that may be among the `count` best of some, by products of 8-bit integers.

        Returns:
            The rows, and a log-probability of the query that these best reach.
        """
        logits, error = self._rough_logits(rows)
        meanings, parts = self._scorer.meanings, self._scorer.parts
        rough = reduce(np.minimum, (estimate(part, meanings, logits) for part in parts))
        first = max(SEEDS, count)
        some = rows[np.argpartition(rough, -first)[-first:]]
        scores = self._scorer.scores(self._logits(some), first)
        least = min(float(np.partition(scores, -count)[-count]) + self._scorer.prior, 0.0)
        bounds = Bounds(meanings, logits, error)
        kept = reduce(np.logical_and, (bounds.may_reach(part, least) for part in parts))
        return rows[np.flatnonzero(np.broadcast_to(kept, len(rows)))], least

    def _rough_logits(self, rows: Rows) -> tuple[Logits, Callable[[int], Matrix]]:
        """Log-odds (m,) of each concept, and how far those of a concept may be off (m,)."""
        vectors, shift, offsets = self._linear
        if len(rows) < DENSE * len(self._snapshot.deleted):
            products = self._snapshot.quantized.products(vectors, rows)
        else:
            products = self._snapshot.quantized.products(vectors, slice(None)).take(rows)
        scales = self._index.scales.of(self._snapshot, self._calibration.activations, rows)
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

    def _logits(self, rows: Rows) -> ConceptLogits:
        vectors, shift, offsets = self._linear
        scales = self._index.scales.of(self._snapshot, self._calibration.activations, rows)
        logits = self._snapshot.embeddings[rows] @ vectors.T
        logits -= shift
        logits *= scales[:, None]
        logits += offsets
        nothing: Sequence[Mapping[str, object]] = ()
        return ConceptLogits(dict(zip(self._scorer.concepts, logits.T, strict=True)), nothing)

    def _best(self, rows: Rows, scores: NDArray[np.float64], count: int) -> Rows:
        """The positions of the `count` highest scores, highest first; equals are by id."""
        kept = np.arange(len(rows))
        if count < len(rows):
            kept = np.flatnonzero(scores >= np.partition(scores, -count)[-count])
        ids = self._snapshot.ids[rows[kept]].view(">u8")
        return kept[np.lexsort((ids[:, 1], ids[:, 0], -scores[kept]))[:count]]


@dataclass(frozen=True, eq=False)
class _Page:
    """What the last page was chosen from.

    Args:
        places: Where the images of the page are among these, by id.
        logits: Log-odds of their concepts.
        parts: Their scores for all parts of the query.
    """

    places: Mapping[str, int]
    logits: ConceptLogits
    parts: Sequence[PartScore]
