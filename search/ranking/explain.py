"""Explanations: the score of a hit as an exact sum of contributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from splicedex.indexer.engines.query import Hit
from splicedex.search.query.nodes import AllOf, AnyOf, Concept, Field, Like, Node, NoneOf, Text
from splicedex.search.query.normalize import boost_of
from splicedex.search.ranking.concept_scorer import ConceptLogits, ConceptScorer, PartScore, ranks
from splicedex.splice.align import Matrix, unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.presence.calibration import sigmoid


@dataclass(frozen=True, slots=True)
class Fired:
    """A concept that a part of the query means, with its presence probability in the image."""

    concept: str
    strength: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one part of a query adds to a score.

    Args:
        concept: The concept, or the part of the query as text.
        query_weight: Its weight in the query.
        weight: Its weight in the image: a probability for a boolean query, a SpLiCE weight for a
            dense query, a rank for a fused one.
        contribution: What it adds to the score.
        fired: For a boolean query, the near-synonyms that the part means, most probable first.
    """

    concept: str
    query_weight: float
    weight: float
    contribution: float
    fired: tuple[Fired, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score as a sum: the contributions, plus `base`, plus `rest`.

    Args:
        concepts: Contributions, largest first.
        base: What the means of images and of queries contribute (dense queries only).
        rest: What the concepts do not explain.
    """

    concepts: tuple[Contribution, ...]
    base: float = 0.0
    rest: float = 0.0

    @property
    def score(self) -> float:
        """The sum."""
        return self.base + self.rest + sum(part.contribution for part in self.concepts)


def explain_parts(
    space: ConceptSpace, scorer: ConceptScorer, logits: ConceptLogits, count: int
) -> list[Explanation]:
    """Split the scores of `count` images over the parts of the query's AND.

    Parts that name only columns filter: they add nothing and are left out.
    """
    parts = [
        contributions(space, scorer, logits, scored)
        for scored in scorer.score_parts(logits)
        if ranks(scored.part)
    ]
    if not parts:
        return [Explanation(())] * count
    ordered = (sorted(row, key=lambda part: -part.contribution) for row in zip(*parts, strict=True))
    return [Explanation(tuple(row)) for row in ordered]


def contributions(
    space: ConceptSpace, scorer: ConceptScorer, logits: ConceptLogits, scored: PartScore
) -> list[Contribution]:
    """What one part of a query adds to the scores of n images."""
    name, boost = name_of(scored.part), boost_of(scored.part)
    probabilities, log_ratios = (
        scored.log_probability.probability.tolist(),
        scored.log_ratio.tolist(),
    )
    members = scorer.synonyms_of(scored.part)
    fired = _fired(space, members, logits) if members else [()] * len(log_ratios)
    return [
        Contribution(name, boost, *row)
        for row in zip(probabilities, log_ratios, fired, strict=True)
    ]


def _fired(
    space: ConceptSpace, members: Sequence[int], logits: ConceptLogits
) -> list[tuple[Fired, ...]]:
    """The presence probabilities of concepts in n images, most probable first."""
    names = [space.concepts[i] for i in members]
    strengths = sigmoid(np.array([logits.odds[i] for i in members])).T
    found = ([Fired(*one) for one in zip(names, row, strict=True)] for row in strengths.tolist())
    return [tuple(sorted(row, key=lambda fired: -fired.strength)) for row in found]


def explain_dense(space: ConceptSpace, query: Matrix, common: Matrix, hit: Hit) -> Explanation:
    """Split a cosine over the image's concepts.

    A query is q = common + p, where `common` is the mean of its kind. An image is
    z = mean + s (C^T w + r). So `z·q = (z·common + mean·p) + Σ (s w_c)(C_c·p) + s r·p`: base,
    contributions and rest. With the common part left in p, all contributions would be alike.

    Args:
        space: The concepts.
        query: Query vector q (d,), unit length.
        common: Mean of vectors of its kind (d,): of images, of texts, or zero for a direction.
        hit: The image, with its embedding z (d,) and weights w.
    """
    assert hit.dense is not None
    assert hit.concepts is not None
    image = hit.concepts
    z = unit(hit.dense)
    offset = z - space.image_mean
    weights = float(np.linalg.norm(offset)) * image.values
    atoms = space.atoms[image.indices]
    own = query - common
    query_weights = atoms @ own
    rest = float((offset - weights @ atoms) @ own)
    parts = [
        Contribution(space.concepts[i], float(asked), float(weight), float(asked * weight))
        for i, asked, weight in zip(image.indices, query_weights, weights, strict=True)
    ]
    ordered = sorted(parts, key=lambda part: (-part.contribution, part.concept))
    base = float(z @ common + space.image_mean @ own)
    return Explanation(tuple(ordered), base, rest)


def explain_fusion(
    weights: Mapping[str, float], ranks: Mapping[str, int], k: int, score: float
) -> Explanation:
    """Split a reciprocal-rank score over the rankings that were fused.

    Args:
        weights: Weight of each ranking.
        ranks: Rank of the image in each ranking that contains it, from 1.
        k: The constant k of reciprocal rank fusion.
        score: Score as the engine computed it.
    """
    parts = [
        Contribution(name, weights[name], float(rank), 1 / (k + rank / weights[name]))
        for name, rank in ranks.items()
        if weights[name]
    ]
    ordered = sorted(parts, key=lambda part: -part.contribution)
    return Explanation(tuple(ordered), rest=score - sum(part.contribution for part in parts))


def name_of(node: Node) -> str:
    """A part of a query as text."""
    match node:
        case Concept():
            bounds = "".join(
                f"{sign}{bound:g}"
                for sign, bound in ((">", node.above), ("<", node.below))
                if bound is not None
            )
            return ("=" if node.exact else "") + node.text + bounds + _boost(node)
        case Field():
            return f"{node.name}{node.op}{node.value}"
        case Text():
            return f"text:{node.text}{_boost(node)}"
        case Like():
            edits = [f" {'+' if sign > 0 else '-'}{name_of(edit)}" for sign, edit in node.edits]
            return f"like:{node.path}{_boost(node)}" + "".join(edits)
        case NoneOf(part):
            return f"NOT {_inner(part)}"
        case AllOf(parts) | AnyOf(parts):
            word = " AND " if isinstance(node, AllOf) else " OR "
            return word.join(_inner(part) for part in parts)


def _boost(leaf: Concept | Text | Like) -> str:
    return "" if leaf.boost == 1 else f"^{leaf.boost:g}"


def _inner(node: Node) -> str:
    text = name_of(node)
    return f"({text})" if isinstance(node, AllOf | AnyOf) else text
