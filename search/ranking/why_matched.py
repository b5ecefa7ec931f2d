"""Why an image matches a query or not, for each part of the query."""

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
    """Whether one part of a query holds for an image, and what it contributes to the score.

    Args:
        holds: Whether the image passes the filter of the part.
        contribution: The contribution to the concept score.
    """

    holds: bool
    contribution: Contribution


@dataclass(frozen=True, slots=True)
class MatchExplanation:
    """Whether an image matches a query, and why.

    Args:
        match: Whether all parts hold.
        parts: One entry for each part of the query's AND.
    """

    match: bool
    parts: tuple[PartExplanation, ...]


def explain_match(index: Index, plan: Plan, name: str) -> MatchExplanation:
    """Explain whether an indexed image matches a query. The engine itself applies the filters.

    Args:
        index: Open index.
        plan: Plan of the query.
        name: Name or point id of the image.

    Raises:
        UserError: The image does not exist, or the query only ranks.
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
