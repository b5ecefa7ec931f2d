"""Why an image is, or is not, found by a query: how each part of the query stands to it."""

from __future__ import annotations

from dataclasses import dataclass

from splicedex.indexer.engines.query import And, HasId
from splicedex.indexer.store.index import Index
from splicedex.search.query.plan import Plan
from splicedex.search.ranking.concept_scorer import ConceptScorer
from splicedex.search.ranking.explain import Contribution, contributions
from splicedex.splice.errors import UserError


@dataclass(frozen=True, slots=True)
class PartExplanation:
    """How one part of a query stands to an image: whether it holds, and what it contributes."""

    holds: bool
    contribution: Contribution


@dataclass(frozen=True, slots=True)
class MatchExplanation:
    """How an image stands to a query: whether it matches, and why, part by part."""

    match: bool
    parts: tuple[PartExplanation, ...]


def explain_match(index: Index, plan: Plan, name: str) -> MatchExplanation:
    """How an indexed image stands to a query. The engine itself says what holds.

    Args:
        index: Open index.
        plan: Of the query.
        name: The image, by name or id.

    Raises:
        UserError: No such image, or a query that only ranks.
    """
    if not plan.parts:
        raise UserError("text: and like: only rank: any image has its place", "add a concept")
    hit, calibration = index.find(name, with_vectors=True), index.calibration
    scorer = ConceptScorer(plan, calibration)
    assert hit.dense is not None
    row = calibration.activations.standardised(hit.dense[None])
    logits = scorer.logits(row, [hit.payload])
    parts = []
    for scored, (_, passing) in zip(scorer.score_parts(logits), plan.parts, strict=True):
        [found] = contributions(index.space, scorer, logits, scored)
        is_there = And((passing, HasId((hit.id,))))
        parts.append(PartExplanation(index.engine.count(is_there) == 1, found))
    return MatchExplanation(all(part.holds for part in parts), tuple(parts))
