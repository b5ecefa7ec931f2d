"""Concept scores: how much more probable a query is for an image than for the whole collection.

The score of an image is `log P(query | image) - log P(query | collection)`, in nats. It is 0 for an
image about which nothing is known. Every wanted concept in the image raises it, rare concepts most.
The score is a sum over the parts of the query's AND, and this sum is its explanation. Columns are
certain: a part of columns alone only filters. In an OR with a concept, a column is assumed to hold
for half of the collection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.payload.columns import fields_of as fields_of_columns
from splicedex.search.query.columns import holds
from splicedex.search.query.nodes import AllOf, Among, AnyOf, Concept, Field, Node, NoneOf
from splicedex.search.query.normalize import boost_of, concepts_of, fields_of
from splicedex.search.query.plan import Plan
from splicedex.search.query.resolve import Resolved
from splicedex.search.ranking.log_probability import LogProbability
from splicedex.splice.align import Matrix
from splicedex.splice.presence.calibration import Calibration, logit


@dataclass(frozen=True, eq=False)
class ConceptLogits:
    """The inputs to the scores of n images.

    Args:
        by_concept: Logits of presence (n,) by concept id, for all concepts of the query.
        payloads: The columns of the n images; None if they are unknown.
    """

    by_concept: Mapping[int, NDArray[np.floating]]
    payloads: Sequence[Mapping[str, Any]] | None


@dataclass(frozen=True, eq=False)
class PartScore:
    """The scores of n images for one part of a query.

    Args:
        part: The part, a normal tree.
        log_probability: Log-probabilities (n,) that the part holds.
        log_ratio: Contribution (n,) to the scores, in nats: the boost times the log of the ratio of
            the probability to that in the collection. It is 0 for a part of columns only.
    """

    part: Node
    log_probability: LogProbability
    log_ratio: NDArray[np.float64]

    def take(self, rows: NDArray[np.int64]) -> PartScore:
        """The scores of some of the images, by their positions."""
        return PartScore(self.part, self.log_probability.take(rows), self.log_ratio[rows])


class ConceptScorer:
    """Scores images for the parts of a query plan.

    Args:
        plan: Query plan.
        calibration: Presence calibration of the index.

    Attributes:
        parts: The parts of the query's AND.
        meanings: What each concept of the query refers to.
        concepts: Ids of the concepts that scores depend on, ascending.
        columns: Payload fields of the columns that scores depend on.
    """

    def __init__(self, plan: Plan, calibration: Calibration) -> None:
        self.parts = tuple(part for part, _ in plan.parts)
        self.meanings = plan.meanings
        self._kinds = plan.kinds
        self._calibration = calibration
        synonym_sets = (self.synonyms_of(part) for part in self.parts)
        self.concepts = sorted({i for synonyms in synonym_sets for i in synonyms})
        mixed = [part for part in self.parts if ranks(part)]
        fields = (field.name for part in mixed for field in fields_of(part))
        self.columns = fields_of_columns(*dict.fromkeys(fields))

    def synonyms_of(self, part: Node) -> list[int]:
        """Return the ids of the concepts that a part of the query refers to, without duplicates."""
        means = (self.meanings[concept].synonyms for concept in concepts_of(part))
        return list(dict.fromkeys(i for synonyms in means for i in synonyms))

    def logits(self, standardised: Matrix, payloads: Sequence[Mapping[str, Any]]) -> ConceptLogits:
        """Return the inputs to the scores of n images.

        Args:
            standardised: Standardised image embeddings (n, d).
            payloads: The columns of the n images.
        """
        ids = np.array(self.concepts, np.int64)
        found = self._calibration.logit(standardised, ids)
        return ConceptLogits(dict(zip(self.concepts, found.T, strict=True)), payloads)

    def score_parts(self, logits: ConceptLogits) -> list[PartScore]:
        """Score every part of the query's AND. The log-ratios of an image add up to its score."""
        scored = []
        for part, prior in zip(self.parts, self._priors, strict=True):
            log_probability = self._of(part, logits)
            log_ratio = boost_of(part) * (log_probability.yes - prior.yes)
            scored.append(
                PartScore(part, log_probability, log_ratio if ranks(part) else 0 * log_ratio)
            )
        return scored

    def scores(self, logits: ConceptLogits, count: int) -> NDArray[np.float64]:
        """Return the scores (n,) of n = `count` images, in nats."""
        return total(self.score_parts(logits), count)

    def at(self, part: Node, log_odds: NDArray[np.floating]) -> float:
        """The log-probability of a part, times its boost, if all concepts have log-odds (1,)."""
        logits = ConceptLogits(dict.fromkeys(self.concepts, log_odds), ())
        return boost_of(part) * float(self._of(part, logits).yes[0])

    @cached_property
    def prior(self) -> float:
        """What scores lack to be the sum of log-probabilities, each times its boost."""
        pairs = zip(self.parts, self._priors, strict=True)
        return float(sum(boost_of(part) * prior.yes[0] for part, prior in pairs if ranks(part)))

    @cached_property
    def _priors(self) -> list[LogProbability]:
        """Log-probability (1,) of each part in the collection, from the prevalence of concepts."""
        prevalent = logit(self._calibration.prevalence[self.concepts])
        average = ConceptLogits(dict(zip(self.concepts, prevalent[:, None], strict=True)), None)
        return [self._of(part, average) for part in self.parts]

    def _of(self, node: Node, logits: ConceptLogits) -> LogProbability:
        match node:
            case Concept():
                found = _any_synonym(self.meanings[node], logits)
                return ~found if node.faint else found
            case Field():
                if logits.payloads is None:
                    return LogProbability.of_logit(np.zeros(1))
                return LogProbability.certain(
                    np.array(
                        [holds(node, row, self._kinds.get(node.name)) for row in logits.payloads]
                    )
                )
            case Among():  # chosen for other reasons: it says nothing about the rest
                rows = next(iter(logits.by_concept.values()), np.zeros(1))
                return LogProbability.of_logit(np.zeros(len(rows)))
            case NoneOf(part):
                return ~self._of(part, logits)
            case AllOf(parts):
                all_of = [self._of(part, logits) for part in parts]
                return LogProbability.all(all_of, [boost_of(part) for part in parts])
            case AnyOf(parts):
                any_of = [self._of(part, logits) for part in parts]
                return LogProbability.any(any_of, [boost_of(part) for part in parts])
            case _:
                raise AssertionError(f"{node} has no probability")


def total(scored: Sequence[PartScore], count: int) -> NDArray[np.float64]:
    """The scores (n,) of n = `count` images, from those for all parts of the query."""
    return sum((part.log_ratio for part in scored), np.zeros(count))


def ranks(part: Node) -> bool:
    """Whether a part contains a concept, so that it contributes to the score."""
    return any(True for _ in concepts_of(part))


def _any_synonym(meaning: Resolved, logits: ConceptLogits) -> LogProbability:
    """Log-probabilities (n,) that a meaning holds: noisy-or of its concepts, scaled by weight.

    Noisy-or: Pearl 1988, "Probabilistic Reasoning in Intelligent Systems", section 4.3.
    """
    parts = [
        LogProbability.of_logit(logits.by_concept[i]).scaled(weight)
        for i, weight in meaning.synonyms.items()
    ]
    return LogProbability.any(parts)
