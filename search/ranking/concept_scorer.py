"""Concept scores: the log-likelihood ratio of a query in an image, against the whole collection.

The score of an image is `log P(query | image) - log P(query | collection)`, in nats. It is 0 for an
image about which nothing is known, and grows with every wanted concept that is found, most with
rare ones. Over the parts of an AND it is a sum, which is the explanation. Columns are facts: alone
they only filter; with a concept under OR they count as if they held for half of all images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splicedex.search.query.columns import holds
from splicedex.search.query.nodes import AllOf, AnyOf, Concept, Field, Node, NoneOf
from splicedex.search.query.normalize import boost_of, concepts_of, fields_of
from splicedex.search.query.plan import Plan
from splicedex.search.query.resolve import Resolved
from splicedex.search.ranking.log_probability import LogProbability
from splicedex.splice.align import Matrix
from splicedex.splice.presence.calibration import Calibration, logit


@dataclass(frozen=True, eq=False)
class ConceptLogits:
    """What the concepts and columns of a query are in n images.

    Args:
        odds: Log-odds (n,) of each concept that the query means, by concept id.
        payloads: The columns of each image; None if unknown.
    """

    odds: Mapping[int, NDArray[np.floating]]
    payloads: Sequence[Mapping[str, Any]] | None


@dataclass(frozen=True, eq=False)
class PartScore:
    """The score of one part of a query in n images.

    Args:
        part: The part, a normal tree.
        log_probability: Log-probability that it holds in each image (n,).
        log_ratio: Log-likelihood ratio that it adds to each score (n,); 0 for columns only.
    """

    part: Node
    log_probability: LogProbability
    log_ratio: NDArray[np.float64]


class ConceptScorer:
    """Scores images by the parts of a plan.

    Args:
        plan: The plan of a query.
        calibration: Calibration of the index.

    Attributes:
        columns: Names of the columns that scores depend on.
    """

    def __init__(self, plan: Plan, calibration: Calibration) -> None:
        self._parts = tuple(part for part, _ in plan.parts)
        self._meanings = plan.meanings
        self._calibration = calibration
        synonym_sets = (self.synonyms_of(part) for part in self._parts)
        self._concepts = sorted({i for synonyms in synonym_sets for i in synonyms})
        mixed = [part for part in self._parts if ranks(part)]
        fields = (field.name for part in mixed for field in fields_of(part))
        self.columns = tuple(dict.fromkeys(fields))

    def synonyms_of(self, part: Node) -> list[int]:
        """Ids of the concepts that a part of the query means."""
        means = (self._meanings[concept].synonyms for concept in concepts_of(part))
        return list(dict.fromkeys(i for synonyms in means for i in synonyms))

    def logits(self, standardised: Matrix, payloads: Sequence[Mapping[str, Any]]) -> ConceptLogits:
        """The log-odds of the query's concepts in standardised embeddings (n, d), with payloads."""
        ids = np.array(self._concepts, np.int64)
        odds = self._calibration.logit(standardised, ids)
        return ConceptLogits(dict(zip(self._concepts, odds.T, strict=True)), payloads)

    def score_parts(self, logits: ConceptLogits) -> list[PartScore]:
        """Score every part of the query's AND. The log-ratios of an image add up to its score."""
        scores_of_parts = []
        for part, prior in zip(self._parts, self._priors, strict=True):
            log_probability = self._of(part, logits)
            log_ratio = boost_of(part) * (log_probability.yes - prior.yes)
            scores_of_parts.append(
                PartScore(part, log_probability, log_ratio if ranks(part) else 0 * log_ratio)
            )
        return scores_of_parts

    def scores(self, logits: ConceptLogits, count: int) -> NDArray[np.float64]:
        """The scores (n,) of `count` images."""
        return sum((scored.log_ratio for scored in self.score_parts(logits)), np.zeros(count))

    @cached_property
    def _priors(self) -> list[LogProbability]:
        """Log-probability of each part in an image about which only its collection is known."""
        odds = logit(self._calibration.prevalence[self._concepts])
        average = ConceptLogits(dict(zip(self._concepts, odds[:, None], strict=True)), None)
        return [self._of(part, average) for part in self._parts]

    def _of(self, node: Node, logits: ConceptLogits) -> LogProbability:
        match node:
            case Concept():
                found = _any_synonym(self._meanings[node], logits)
                return ~found if node.faint else found
            case Field():
                if logits.payloads is None:
                    return LogProbability.of_logit(np.zeros(1))
                return LogProbability.certain(
                    np.array([holds(node, row) for row in logits.payloads])
                )
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


def ranks(part: Node) -> bool:
    """Whether a part names a concept, and so affects the order."""
    return any(True for _ in concepts_of(part))


def _any_synonym(meaning: Resolved, logits: ConceptLogits) -> LogProbability:
    """That any near-synonym is present: a noisy-or, each with its weight."""
    members = [
        LogProbability.of_logit(logits.odds[i]).scaled(weight)
        for i, weight in meaning.synonyms.items()
    ]
    return LogProbability.any(members)
