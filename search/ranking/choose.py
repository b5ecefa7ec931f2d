"""Choosing the ranking for a plan and the options of a search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from splicedex.indexer.engines.query import Nearest
from splicedex.indexer.store.index import Index
from splicedex.search.query.external_images import ExternalImages
from splicedex.search.query.nodes import Text
from splicedex.search.query.plan import Plan
from splicedex.search.query.resolve import Encode
from splicedex.search.query.vectors import away_vector, image_vector, text_vector
from splicedex.search.ranking.by_mapped_score import MOST_SCANNED, ByMappedScore
from splicedex.search.ranking.embedding_cache import EmbeddingCache
from splicedex.search.ranking.explain import name_of
from splicedex.search.ranking.mmr import Diverse
from splicedex.search.ranking.rankers import AlongVector, ByConceptScore, Fused, Part, Ranking
from splicedex.search.results import Options
from splicedex.splice.align import unit
from splicedex.splice.errors import UserError

BESIDE = 0.125
"""Share of an unwanted concept in the order of a sentence or photo. It decides between photos that
suit the sentence about as well; `python -m benchmarks.negation` measures it."""
BESIDE_TEXT = 0.25
"""The same for an unwanted sentence, which filters nothing; half loses recall."""


@dataclass(frozen=True, eq=False)
class RankingChooser:
    """Chooses rankings over an open index.

    Args:
        index: Open index.
        encode: The text encoder; None if the index has none.
        external: Embeds images that are not in the index.
        embeddings: Cache of the index's standardised embeddings.
        block: Number of hits per block that is reordered.
    """

    index: Index
    encode: Encode | None
    external: ExternalImages
    embeddings: EmbeddingCache
    block: int

    def choose(self, plan: Plan, options: Options) -> tuple[Ranking, tuple[str, ...]]:
        """Return the ranking, and the ids of the indexed images that the query is made of.

        Raises:
            UserError: The options do not fit the query, an image does not exist, or a text needs
                an encoder.
        """
        ranking, sources = self._by_score(plan, options)
        if options.diversity:
            ranking = Diverse(self.index, ranking, options.diversity, self.block)
        return ranking, sources

    def _by_score(self, plan: Plan, options: Options) -> tuple[Ranking, tuple[str, ...]]:
        if not plan.ranks_by_vectors and options.rank in {"auto", "concept"}:
            if options.weights is not None:
                raise UserError(
                    "there is only one ranking, so weights have no effect",
                    "boost concepts, as in dog^2",
                )
            return self._by_concepts(plan), ()
        if options.rank == "concept":
            raise UserError("text: and like: do not rank by concept", "use --rank dense or rrf")
        parts, sources = self._parts(plan)
        if not parts:
            raise UserError("there is nothing to rank by", "name a concept, text: or like:")
        if options.weights is not None:
            parts = _weighted(parts, options.weights)
        if options.rank == "rrf":
            return Fused(self.index, parts), sources
        return AlongVector(self.index, parts), sources

    def _by_concepts(self, plan: Plan) -> Ranking:
        mapped = self.index.engine.mapped
        if mapped and plan.ranks_by_concepts and mapped.answers(plan.filter):
            exact = ByMappedScore(self.index, plan, mapped)
            if mapped.points <= MOST_SCANNED or exact.scanned(plan.filter) <= MOST_SCANNED:
                return exact
        return ByConceptScore(self.index, plan, self.embeddings, self.block)

    def _parts(self, plan: Plan) -> tuple[list[Part], tuple[str, ...]]:
        """The vectors that a query ranks by, and the ids of the indexed images among them."""
        space = self.index.space
        parts: list[Part] = []
        sources: list[str] = []
        for dense in plan.dense:
            if isinstance(dense, Text):
                vector, common = text_vector(dense, self.encode), space.text_mean
            else:
                vector, id_ = image_vector(self.index, dense, plan.meanings, self.external)
                common = space.image_mean
                sources += [id_] if id_ else []
            parts.append(Part(name_of(dense), Nearest(vector), common, dense.boost))
        nothing = np.zeros(space.dim, np.float32)
        if (wanted := plan.wanted).any():
            parts.append(Part("concepts", Nearest(unit(wanted)), nothing))
        if (unwanted := plan.unwanted).any():
            share = BESIDE * float(np.linalg.norm(unwanted))
            parts.append(Part("concepts", Nearest(-unit(unwanted)), nothing, beside=share))
        for denied in plan.denied:
            away = away_vector(denied, plan.dense, space, self.encode)
            parts.append(Part(f"NOT {name_of(denied)}", Nearest(away), nothing, 1.0, BESIDE_TEXT))
        return parts, tuple(sources)


def _weighted(parts: Sequence[Part], weights: Sequence[float]) -> list[Part]:
    names = list(dict.fromkeys(part.name for part in parts))
    if len(weights) != len(names):
        told = ", ".join(names)
        raise UserError(f"{len(weights)} weights for the rankings {told}", f"give {len(names)}")
    weight = dict(zip(names, weights, strict=True))
    return [replace(part, weight=weight[part.name]) for part in parts]
