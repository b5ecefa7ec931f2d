"""Explains why a query finds an image or not, part by part."""

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
    """Whether one part of a query holds in an image, and what it contributes."""

    holds: bool
    contribution: Contribution


@dataclass(frozen=True, slots=True)
class MatchExplanation:
    """Whether a query matches an image, and why, part by part."""

    match: bool
    parts: tuple[PartExplanation, ...]


def explain_match(index: Index, plan: Plan, name: str) -> MatchExplanation:
    """Explain whether and why a query matches an indexed image. The engine decides what holds.

    Args:
        index: Open index.
        plan: Plan of the query.
        name: Name or id of the image.

    Raises:
        UserError: There is no such image, or the query only ranks.
    """
    if not plan.parts:
        raise UserError("text: and like: only rank, so they match every image", "add a concept")
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
