"""Explanations: the score of a hit as an exact sum of contributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from splicedex.indexer.engines.query import Hit
from splicedex.search.query.nodes import (
    AllOf,
    Among,
    AnyOf,
    Concept,
    Field,
    Like,
    Node,
    NoneOf,
    Text,
)
from splicedex.search.query.normalize import boost_of
from splicedex.search.query.written import written
from splicedex.search.ranking.concept_scorer import ConceptLogits, ConceptScorer, PartScore, ranks
from splicedex.splice.align import Matrix, unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.presence.calibration import sigmoid


@dataclass(frozen=True, slots=True)
class Fired:
    """A concept that a part of the query refers to, with its presence in an image.

    Args:
        concept: Name of the concept.
        strength: Presence probability.
    """

    concept: str
    strength: float


@dataclass(frozen=True, slots=True)
class Contribution:
    """The contribution of one concept, part of the query or ranking to a score.

    Args:
        concept: Name of the concept or ranking, or text of the part.
        query_weight: Weight in the query.
        weight: Weight in the image: a presence probability for a boolean query, a SpLiCE weight for
            a dense query, a rank from 1 for a fused one.
        contribution: The summand of the score.
        fired: For a boolean query, the concepts that the part refers to, by descending presence.
    """

    concept: str
    query_weight: float
    weight: float
    contribution: float
    fired: tuple[Fired, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score as a sum of contributions, `base` and `rest`.

    Args:
        concepts: The contributions, largest first.
        base: For dense queries, the contribution of the means of images and queries.
        rest: The contribution that the concepts do not explain.
    """

    concepts: tuple[Contribution, ...]
    base: float = 0.0
    rest: float = 0.0

    @property
    def score(self) -> float:
        """The sum."""
        return self.base + self.rest + sum(part.contribution for part in self.concepts)


def explain_parts(
    space: ConceptSpace,
    scorer: ConceptScorer,
    logits: ConceptLogits,
    scored: Sequence[PartScore],
    count: int,
) -> list[Explanation]:
    """Explain the concept scores of n images by the parts of the query's AND.

    Parts of columns alone only filter. They contribute nothing and are left out.

    Args:
        space: Concept space of the index.
        scorer: The scorer of the query.
        logits: The inputs to the scores of the images.
        scored: The scores for all parts.
        count: Number of images n.
    """
    parts = [contributions(space, scorer, logits, part) for part in scored if ranks(part.part)]
    if not parts:
        return [Explanation(())] * count
    ordered = (sorted(row, key=lambda part: -part.contribution) for row in zip(*parts, strict=True))
    return [Explanation(tuple(row)) for row in ordered]


def contributions(
    space: ConceptSpace, scorer: ConceptScorer, logits: ConceptLogits, scored: PartScore
) -> list[Contribution]:
    """Return the contributions of one part of a query to the scores of n images.

    Args:
        space: Concept space of the index.
        scorer: The scorer of the query.
        logits: The inputs to the scores of the images.
        scored: The scores of the part.
    """
    name, boost = name_of(scored.part), boost_of(scored.part)
    probabilities = scored.log_probability.probability.tolist()
    log_ratios = scored.log_ratio.tolist()
    members = scorer.synonyms_of(scored.part)
    fired = _fired(space, members, logits) if members else [()] * len(log_ratios)
    return [
        Contribution(name, boost, *row)
        for row in zip(probabilities, log_ratios, fired, strict=True)
    ]


def _fired(
    space: ConceptSpace, members: Sequence[int], logits: ConceptLogits
) -> list[tuple[Fired, ...]]:
    """The presence of concepts in n images, by descending probability."""
    names = [space.concepts[i] for i in members]
    presence = sigmoid(np.array([logits.by_concept[i] for i in members])).T
    found = ([Fired(*one) for one in zip(names, row, strict=True)] for row in presence.tolist())
    return [tuple(sorted(row, key=lambda fired: -fired.strength)) for row in found]


def explain_dense(
    space: ConceptSpace, query: Matrix, common: Matrix, hit: Hit, shift: float = 0.0
) -> Explanation:
    """Explain a cosine by the concepts of the image.

    A query vector is q = common + p, where `common` is the mean of all queries of its kind. An
    image is z = mean + s (C^T w + r), with concept vectors C, SpLiCE weights w, a scale s and a
    residual r (paper, sections 4.2 and 4.3). So
    `z·q = (z·common + mean·p) + Σ (s w_c)(C_c·p) + s r·p`: base, contributions, rest. The common
    part is not in p because it is far from every concept, and would dominate the contributions.

    Args:
        space: Concept space of the index.
        query: Query vector q (d,).
        common: Mean (d,) of the images or the texts; zero for a direction of concepts.
        hit: The image, with its embedding z (d,) and its weights w.
        shift: What the score is more than z·q; it counts to the base.
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
    base = float(z @ common + space.image_mean @ own) + shift
    return Explanation(tuple(ordered), base, rest)


def explain_fusion(
    weights: Mapping[str, float], ranks: Mapping[str, int], k: int, score: float
) -> Explanation:
    """Explain the score of a reciprocal rank fusion by its rankings.

    Source: Cormack, Clarke and Büttcher 2009, "Reciprocal Rank Fusion", with each rank divided by
    the weight of its ranking.

    Args:
        weights: Weight of each ranking, by name.
        ranks: Rank of the image, from 1, in each ranking that contains it.
        k: The constant of the fusion.
        score: The score that the engine returned.
    """
    parts = [
        Contribution(name, weights[name], float(rank), 1 / (k + rank / weights[name]))
        for name, rank in ranks.items()
        if weights[name]
    ]
    ordered = sorted(parts, key=lambda part: -part.contribution)
    return Explanation(tuple(ordered), rest=score - sum(part.contribution for part in parts))


def name_of(node: Node) -> str:
    """Return a part of a query as text, in the query language."""
    match node:
        case Concept():
            bounds = "".join(
                f"{order}{bound:g}"
                for order, bound in ((">", node.above), ("<", node.below))
                if bound is not None
            )
            sign = "shows:" if node.shown else "=" if node.exact else ""
            return sign + node.text + bounds + _boost(node)
        case Field():
            return f"{node.name}{node.op}{node.value}"
        case Text():
            return f"text:{'=' if node.exact else ''}{node.text}{_boost(node)}"
        case Like():
            edits = [f" {'+' if sign > 0 else '-'}{name_of(edit)}" for sign, edit in node.edits]
            return f"like:{node.path}{_boost(node)}" + "".join(edits)
        case Among():
            return written(node)
        case NoneOf(part):
            return f"NOT {_inner(part)}"
        case AllOf(parts):
            return " AND ".join(_inner(part) for part in parts)
        case AnyOf(parts):
            return " OR ".join(_inner(part) for part in parts)


def _boost(leaf: Concept | Text | Like) -> str:
    return "" if leaf.boost == 1 else f"^{leaf.boost:g}"


def _inner(node: Node) -> str:
    text = name_of(node)
    return f"({text})" if isinstance(node, AllOf | AnyOf) else text
