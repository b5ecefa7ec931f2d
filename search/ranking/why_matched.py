"""Why an image matches a query or not, for each part of the query."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from splicedex.indexer.engines.query import And, HasId
from splicedex.indexer.store.index import Index
from splicedex.search.query.nodes import Text
from splicedex.search.query.plan import Plan
from splicedex.search.query.resolve import Encode
from splicedex.search.query.vectors import text_vector
from splicedex.search.ranking.concept_scorer import ConceptScorer
from splicedex.search.ranking.explain import Contribution, contributions, name_of
from splicedex.search.ranking.nearest_mapped import ROUNDING
from splicedex.splice.align import Matrix, unit
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


SAMPLE = 2_000
"""Number of images that a sentence is compared on."""


def explain_match(
    index: Index, plan: Plan, name: str, encode: Encode | None = None
) -> MatchExplanation:
    """Explain whether an indexed image matches a query. The engine itself applies the filters.

    A sentence filters nothing. Its `weight` is the share of images that it suits less, and its
    contribution the cosine, so that statements about an image can be compared.

    Args:
        index: Open index.
        plan: Plan of the query.
        name: Name or point id of the image.
        encode: The text encoder; without it, sentences are left out.

    Raises:
        UserError: The image does not exist, or there is nothing to explain.
    """
    sentences = _sentences(plan) if encode else ()
    if not plan.parts and not sentences:
        raise UserError("text: and like: only rank, so they match every image", "add a concept")
    hit, calibration = index.find(name, with_vectors=True), index.calibration
    scorer = ConceptScorer(plan, calibration)
    assert hit.dense is not None
    row = calibration.activations.standardised(hit.dense[None])
    logits = scorer.logits(row, [hit.payload])
    parts = [
        PartExplanation(holds=True, contribution=found)
        for found in _suiting(index, unit(hit.dense), sentences, encode)
    ]
    for scored, (_, passing) in zip(scorer.score_parts(logits), plan.parts, strict=True):
        [found] = contributions(index.space, scorer, logits, scored)
        is_there = And((passing, HasId((hit.id,))))
        parts.append(PartExplanation(index.engine.count(is_there) == 1, found))
    return MatchExplanation(all(part.holds for part in parts), tuple(parts))


def _sentences(plan: Plan) -> tuple[tuple[Text, bool], ...]:
    """The sentences of a query; each with False if it is denied."""
    wanted = [(part, True) for part in plan.dense if isinstance(part, Text)]
    return (*wanted, *((part, False) for part in plan.denied))


def _suiting(
    index: Index, image: Matrix, sentences: Sequence[tuple[Text, bool]], encode: Encode | None
) -> Iterator[Contribution]:
    """How well sentences suit an image, compared with the other images of the index."""
    if not sentences:
        return
    hits = islice(index.engine.scroll(with_payload=False, with_dense=True), SAMPLE)
    others = unit(np.array([hit.dense for hit in hits], np.float32))
    for part, wanted in sentences:
        sign = 1 if wanted else -1
        vector = sign * text_vector(part, encode)
        cosine = float(image @ vector)
        share = float((others @ vector < cosine - ROUNDING).mean())
        name = name_of(part) if wanted else f"NOT {name_of(part)}"
        yield Contribution(name, part.boost, share, cosine)
