"""Ranking by belief: how much likelier than in any image of the collection a query holds here.

The score of an image is `log P(query | image) - log P(query | collection)`, in nats: 0 for an image
that says nothing, growing with every wanted concept found, most for the rare ones. Over the parts
of an AND it is a sum, which is what explains it. Columns are facts: alone they only filter, and
beside a concept under OR they count as holding for half of all images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splicedex.search.query.columns import holds
from splicedex.search.query.normalize import boost_of, concepts_of, fields_of
from splicedex.search.query.parser import And, Concept, Field, Node, Not, Or
from splicedex.search.query.plan import Plan
from splicedex.search.query.resolve import Resolved
from splicedex.search.ranking.log_probability import Belief
from splicedex.splice.align import Matrix
from splicedex.splice.presence.calibration import Calibration, logit


@dataclass(frozen=True, eq=False)
class Evidence:
    """What is known of n images that bears on a query.

    Args:
        odds: Log-odds (n,) of each concept that the query's meanings touch.
        payloads: Their columns; None where nothing is known of them.
    """

    odds: Mapping[int, NDArray[np.floating]]
    payloads: Sequence[Mapping[str, Any]] | None


@dataclass(frozen=True, eq=False)
class Judgement:
    """What n images say of one part of a query.

    Args:
        part: The part, a normal tree.
        belief: That it holds (n,).
        lift: What it adds to their scores (n,); 0 for a part of columns alone, which filters only.
    """

    part: Node
    belief: Belief
    lift: NDArray[np.float64]


class Beliefs:
    """Believes or doubts the parts of a plan, image by image.

    Args:
        plan: Any plan.
        calibration: Of the index.

    Attributes:
        columns: Names of the columns that scores depend on.
    """

    def __init__(self, plan: Plan, calibration: Calibration) -> None:
        self._parts = tuple(part for part, _ in plan.parts)
        self._meanings = plan.meanings
        self._calibration = calibration
        families = (self.family_of(part) for part in self._parts)
        self._concepts = sorted({i for family in families for i in family})
        mixed = [part for part in self._parts if ranks(part)]
        fields = (field.name for part in mixed for field in fields_of(part))
        self.columns = tuple(dict.fromkeys(fields))

    def family_of(self, part: Node) -> list[int]:
        """Ids of the concepts that a part of the query means."""
        means = (self._meanings[concept].family for concept in concepts_of(part))
        return list(dict.fromkeys(i for family in means for i in family))

    def evidence(self, standardised: Matrix, payloads: Sequence[Mapping[str, Any]]) -> Evidence:
        """What standardised embeddings (n, d) and payloads say."""
        ids = np.array(self._concepts, np.int64)
        odds = self._calibration.logit(standardised, ids)
        return Evidence(dict(zip(self._concepts, odds.T, strict=True)), payloads)

    def judge(self, evidence: Evidence) -> list[Judgement]:
        """Judge every part of the query's AND; the lifts of an image add up to its score."""
        judgements = []
        for part, prior in zip(self._parts, self._priors, strict=True):
            belief = self._of(part, evidence)
            lift = boost_of(part) * (belief.yes - prior.yes)
            judgements.append(Judgement(part, belief, lift if ranks(part) else 0 * lift))
        return judgements

    def scores(self, evidence: Evidence, count: int) -> NDArray[np.float64]:
        """The scores (n,) of `count` images."""
        return sum((judged.lift for judged in self.judge(evidence)), np.zeros(count))

    @cached_property
    def _priors(self) -> list[Belief]:
        """Belief in each part of an image of which only the collection is known."""
        odds = logit(self._calibration.prevalence[self._concepts])
        average = Evidence(dict(zip(self._concepts, odds[:, None], strict=True)), None)
        return [self._of(part, average) for part in self._parts]

    def _of(self, node: Node, evidence: Evidence) -> Belief:
        match node:
            case Concept():
                found = _family(self._meanings[node], evidence)
                return ~found if node.faint else found
            case Field():
                if evidence.payloads is None:
                    return Belief.of_logit(np.zeros(1))
                return Belief.certain(np.array([holds(node, row) for row in evidence.payloads]))
            case Not(part):
                return ~self._of(part, evidence)
            case And(parts):
                all_of = [self._of(part, evidence) for part in parts]
                return Belief.all(all_of, [boost_of(part) for part in parts])
            case Or(parts):
                any_of = [self._of(part, evidence) for part in parts]
                return Belief.any(any_of, [boost_of(part) for part in parts])
            case _:
                raise AssertionError(f"{node} is not believed")


def ranks(part: Node) -> bool:
    """Whether a part names a concept, and so has a say in the order."""
    return any(True for _ in concepts_of(part))


def _family(meaning: Resolved, evidence: Evidence) -> Belief:
    """That a family holds its concept: noisy-or, each member as far as its weight."""
    members = [
        Belief.of_logit(evidence.odds[i]).scaled(weight) for i, weight in meaning.family.items()
    ]
    return Belief.any(members)
