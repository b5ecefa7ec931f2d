"""Ranking by belief: how much likelier than in any image of the collection a query holds here.

The score of an image is `log P(query | image) - log P(query | collection)`, in nats: 0 for an image
that says nothing, growing with every wanted concept found, most for the rare ones. Over the parts
of an AND it is a sum, which is what explains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.belief import Belief
from search.columns import holds
from search.concepts import Resolved
from search.language import And, Concept, Field, Node, Not, Or
from search.plan import Plan
from splice.activation import Activations
from splice.align import Matrix
from splice.presence import Calibration


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of n images that bears on a query.

    Args:
        odds: Log-odds (n,) of each concept that the query's meanings touch.
        payloads: Their columns.
    """

    odds: Mapping[int, NDArray[np.floating]]
    payloads: Sequence[Mapping[str, Any]]

    @property
    def count(self) -> int:
        """N."""
        return len(self.payloads)


class Beliefs:
    """Believes or doubts a plan's tree, image by image.

    Args:
        plan: Of a query that names concepts or columns.
        activations: Of the index's space.
        calibration: Of the index.

    Attributes:
        parts: The parts of the query that must all hold.
        columns: Names of the columns it speaks of.
    """

    def __init__(self, plan: Plan, activations: Activations, calibration: Calibration) -> None:
        self.meanings = plan.meanings
        self._activations = activations
        self._calibration = calibration
        self._concepts = sorted({i for m in plan.meanings.values() for i in m.family})
        self.parts = tuple(part for part, _ in plan.parts)
        fields = (field.name for part in self.parts for field in _fields(part))
        self.columns = tuple(dict.fromkeys(fields))

    def evidence(self, embeddings: Matrix, payloads: Sequence[Mapping[str, Any]]) -> Evidence:
        """What embeddings (n, d) and payloads say."""
        ids = np.array(self._concepts, np.int64)
        odds = self._calibration.logit(self._activations.of(embeddings, self._concepts), ids)
        return Evidence(dict(zip(self._concepts, odds.T, strict=True)), payloads)

    def lifts(self, evidence: Evidence) -> NDArray[np.float64]:
        """Scores (n, parts): of each part of the query's AND, whose sum is the image's score."""
        prior = self._prior()
        lifts = [self.of(part, evidence).yes - self.of(part, prior).yes for part in self.parts]
        return np.stack(lifts, axis=1)

    def of(self, node: Node, evidence: Evidence) -> Belief:
        """Belief in a tree."""
        match node:
            case Concept():
                return _family(self.meanings[node], evidence).boosted(node.boost)
            case Field():
                payloads = evidence.payloads
                rows = [holds(node, row) for row in payloads] if payloads else [True]
                return Belief.certain(np.array(rows))
            case And(parts):
                return Belief.all([self.of(part, evidence) for part in parts])
            case Or(parts):
                return Belief.any([self.of(part, evidence) for part in parts])
            case Not(part):
                return ~self.of(part, evidence)
            case _:
                raise AssertionError(f"{node} is not believed")

    def strength(self, concept: Concept, evidence: Evidence) -> NDArray[np.float64]:
        """Probabilities (n,) that a concept, or one of its family for it, is there."""
        return _family(self.meanings[concept], evidence).probability

    def _prior(self) -> Evidence:
        """The collection's average image; of its columns nothing is held against it."""
        share = self._calibration.prevalence[self._concepts]
        odds = np.log(share) - np.log1p(-share)
        return Evidence(dict(zip(self._concepts, odds[:, None], strict=True)), ())


def _fields(node: Node) -> Iterator[Field]:
    match node:
        case Field():
            yield node
        case And(parts) | Or(parts):
            for part in parts:
                yield from _fields(part)
        case Not(part):
            yield from _fields(part)


def _family(meaning: Resolved, evidence: Evidence) -> Belief:
    """That a family holds its concept: noisy-or, each member as far as its weight."""
    members = [
        Belief.of_logit(evidence.odds[i]).scaled(weight) for i, weight in meaning.family.items()
    ]
    return Belief.any(members)
