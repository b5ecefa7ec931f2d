"""Search: a query in, explained hits out."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from splicedex.indexer.engines.query import And, HasId, Hit, Nearest, Not
from splicedex.indexer.store.index import Index
from splicedex.search.browse.image import weighted
from splicedex.search.cursor import make_cursor, offset_of
from splicedex.search.query.external_images import ExternalImages, files
from splicedex.search.query.parser import parse
from splicedex.search.query.plan import Context, Plan, describe, make_plan
from splicedex.search.query.resolve import Encode
from splicedex.search.query.tree import AllOf, Text
from splicedex.search.query.vectors import image_vector, text_vector
from splicedex.search.ranking.embedding_cache import EmbeddingCache
from splicedex.search.ranking.explain import Explanation, name_of
from splicedex.search.ranking.mmr import Diverse
from splicedex.search.ranking.nearest import Scored
from splicedex.search.ranking.rankers import (
    AlongVector,
    ByConceptScore,
    Fused,
    Part,
    Ranking,
    block_for,
)
from splicedex.splice.errors import UserError

Rank: TypeAlias = Literal["auto", "concept", "dense", "rrf"]

FARTHEST = 10**9
"""The largest offset."""
SHOWN = ("path", "location", "cosine")
"""What hits come with beside the user's columns."""


@dataclass(frozen=True)
class Options:
    """How to answer.

    Args:
        limit: At most this many hits.
        offset: Skip this many of the best.
        near: Let near misses follow the matches.
        rank: By "concept" belief; "dense", along one vector; "rrf", the engine's fusion of
            rankings; "auto": concept, and dense where the query has `text:` or `like:`.
        weights: Of the query's rankings for "dense" and "rrf": each `text:` and `like:` in turn,
            then the concepts. By default 1 each.
        diversity: 0 for the best hits, towards 1 for unlike ones among them.
        count: Say how many images match in all. In an index of a million that takes longer than
            finding the best: half a microsecond an image, the first time it is asked.

    Raises:
        UserError: A number is out of bounds.
    """

    limit: int = 10
    offset: int = 0
    near: bool = False
    rank: Rank = "auto"
    weights: tuple[float, ...] | None = None
    diversity: float = 0.0
    count: bool = True

    def __post_init__(self) -> None:
        if self.limit < 1:
            raise UserError(f"limit {self.limit} is below 1", "ask for 1 or more")
        if not 0 <= self.offset <= FARTHEST:
            raise UserError(f"offset {self.offset} is not within 0 and {FARTHEST:,}", "try 0")
        if not 0 <= self.diversity <= 1:
            raise UserError(f"diversity {self.diversity:g} is not within 0 and 1", "try 0.3")
        weights = self.weights or (1.0,)
        if not all(math.isfinite(one) and one >= 0 for one in weights) or not any(weights):
            raise UserError("weights are numbers of 0 or more, not all 0", "try 2,1")


@dataclass(frozen=True, slots=True)
class Result:
    """An image that matched, or nearly.

    Args:
        id: Its point id.
        path: Its name in the index.
        score: Higher is better; comparable within one answer.
        match: False for a near miss.
        explanation: The score as a sum.
        concepts: Its decomposition: concepts with their weights, heaviest first.
        payload: Its columns, where the photo lies and how well its concepts describe it.
    """

    id: str
    path: str
    score: float
    match: bool
    explanation: Explanation
    concepts: tuple[tuple[str, float], ...]
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Results:
    """The answer to a query.

    Args:
        query: As asked.
        hits: Best first.
        matches: How many images match in all; None if that was not counted.
        notes: What words were taken to mean, where that is not obvious.
        took_ms: Wall time in milliseconds.
        cursor: What to ask with for the next page; None after the last.
    """

    query: str
    hits: tuple[Result, ...]
    matches: int | None
    notes: tuple[str, ...]
    took_ms: float
    cursor: str | None


class Searcher:
    """Answers queries over an open index.

    Args:
        index: Open index.
        encode: Text encoder, if the index's model has one.
        outside: Where a query finds images that are not in the index; by default among files, for
            which there is no encoder.
        browse: A blank query finds every image, instead of being refused.
        block: Hits are put in order by belief in blocks of this many; by default what suits the
            size of the index.
    """

    def __init__(
        self,
        index: Index,
        encode: Encode | None = None,
        outside: ExternalImages | None = None,
        *,
        browse: bool = False,
        block: int | None = None,
    ) -> None:
        self.index = index
        self._encode = encode
        self._outside = outside or files()
        self._browse = browse
        self._block = block or block_for(index.engine.count())
        self._images = EmbeddingCache(index)

    @property
    def context(self) -> Context:
        """What queries are planned against, as things are now: others may add columns."""
        index = self.index
        return Context(
            index.space,
            index.calibration.activations,
            index.columns,
            lambda column, most: [v for v, _ in index.engine.facet(column, limit=most)],
            self._encode,
        )

    def plan(self, query: str) -> Plan:
        """Plan a query without asking it.

        Raises:
            QueryError: It breaks the grammar, or names what is not there.
        """
        everything = self._browse and not query.strip()
        tree = AllOf(()) if everything else parse(query, self.context.columns)
        return make_plan(query, tree, self.context)

    def describe(self, query: str) -> dict[str, Any]:
        """What a query asks of the engine, as plain values.

        Raises:
            QueryError: It breaks the grammar, or names what is not there.
        """
        plan = self.plan(query)
        names = self.index.space.concepts
        return {
            "query": query,
            "filter": describe(plan.filter),
            "near": describe(plan.columns),
            "ranking": [name_of(part) for part in plan.dense]
            + (["concepts"] if plan.direction is not None else []),
            "refined": "by the engine alone" if plan.dense else "by concept score",
            "meanings": {
                name_of(concept): {names[i]: weight for i, weight in meaning.synonyms.items()}
                for concept, meaning in plan.meanings.items()
            },
        }

    def search(
        self, query: str, options: Options | None = None, *, cursor: str | None = None
    ) -> Results:
        """Answer a query with explained hits.

        Args:
            query: In the query language.
            options: How to answer.
            cursor: Of an earlier answer to the same query; takes the place of the offset.

        Raises:
            QueryError: The query breaks the grammar, or names what is not there.
            UserError: The options do not fit the query.
        """
        start = time.perf_counter()
        asked = replace(options or Options(), offset=0)
        offset = options.offset if options else 0
        if cursor is not None:
            offset = offset_of(cursor, query, asked)
        plan = self.plan(query)
        ranking, itself = self._ranking(plan, asked)
        engine = self.index.engine
        others = (Not(HasId(itself)),) if itself else ()
        passing = And((plan.filter, *others))
        counted = asked.count or asked.near
        matches = engine.count(passing) if counted else None
        wanted = asked.limit if matches is None else min(asked.limit, matches - offset)
        page = ranking.page(passing, offset, wanted) if wanted > 0 else []
        hits = self._results(ranking, page, match=True)
        end = offset + len(hits)
        # Without a count a full page is followed by another, which may be empty.
        more = len(hits) == wanted if matches is None else end < matches
        if asked.near and matches is not None:
            total = engine.count(And((plan.columns, *others)))
            passing = And((plan.columns, Not(plan.filter), *others))
            wanted = min(asked.limit - len(hits), total - end)
            # A fusion may end before the matches do: near misses never stand in for them.
            if wanted > 0 and end >= matches:
                page = ranking.page(passing, end - matches, wanted)
                hits += self._results(ranking, page, match=False)
                end = offset + len(hits)
            more = end < total
        return Results(
            query,
            tuple(hits),
            matches,
            tuple(plan.notes(self.index.space)),
            (time.perf_counter() - start) * 1000,
            make_cursor(end, query, asked) if hits and more else None,
        )

    def _ranking(self, plan: Plan, options: Options) -> tuple[Ranking, tuple[str, ...]]:
        """How to rank, and the ids of images that the query is made of, which are no news."""
        ranking, itself = self._order(plan, options)
        if options.diversity:
            ranking = Diverse(self.index, ranking, options.diversity, self._block)
        return ranking, itself

    def _order(self, plan: Plan, options: Options) -> tuple[Ranking, tuple[str, ...]]:
        if not plan.dense and options.rank in {"auto", "concept"}:
            if options.weights is not None:
                raise UserError("there is only one ranking to weigh", "boost concepts, as in dog^2")
            return ByConceptScore(self.index, plan, self._images, self._block), ()
        if options.rank == "concept":
            raise UserError("text: and like: do not rank by concept", "use --rank dense or rrf")
        parts, itself = self._parts(plan)
        if not parts:
            raise UserError("there is nothing to rank by", "name a concept, text: or like:")
        if options.weights is not None:
            if len(options.weights) != len(parts):
                names = ", ".join(part.name for part in parts)
                raise UserError(
                    f"{len(options.weights)} weights for the rankings {names}",
                    f"give {len(parts)}",
                )
            parts = [
                replace(part, weight=weight)
                for part, weight in zip(parts, options.weights, strict=True)
            ]
        if options.rank == "rrf":
            return Fused(self.index, parts), itself
        return AlongVector(self.index, parts), itself

    def _parts(self, plan: Plan) -> tuple[list[Part], tuple[str, ...]]:
        """The vectors a query looks along, and the ids of the images they come from."""
        space = self.index.space
        parts, itself = [], []
        for asked in plan.dense:
            if isinstance(asked, Text):
                vector, common = text_vector(asked, self._encode), space.text_mean
            else:
                vector, id_ = image_vector(self.index, asked, plan.meanings, self._outside)
                common = space.image_mean
                itself += [id_] if id_ else []
            parts.append(Part(name_of(asked), Nearest(vector), common, asked.boost))
        if plan.direction is not None:
            nothing = np.zeros(space.dim, np.float32)
            parts.append(Part("concepts", Nearest(plan.direction), nothing))
        return parts, tuple(itself)

    def _results(self, ranking: Ranking, page: list[Scored], *, match: bool) -> list[Result]:
        found = self._fetch([id_ for id_, _ in page], with_dense=ranking.needs_embeddings)
        hits = [replace(found[id_], score=score) for id_, score in page if id_ in found]
        return [
            self._result(hit, explanation, match=match)
            for hit, explanation in zip(hits, ranking.explain(hits), strict=True)
        ]

    def _result(self, hit: Hit, explanation: Explanation, *, match: bool) -> Result:
        assert hit.concepts is not None
        concepts = weighted(self.index.space, hit.concepts)
        return Result(
            hit.id, hit.payload["path"], hit.score, match, explanation, concepts, hit.payload
        )

    def _fetch(self, ids: Sequence[str], *, with_dense: bool) -> dict[str, Hit]:
        hits = self.index.engine.retrieve(
            ids,
            with_payload=tuple(dict.fromkeys([*SHOWN, *self.index.columns])),
            with_dense=with_dense,
            with_concepts=True,
        )
        return {hit.id: hit for hit in hits}
