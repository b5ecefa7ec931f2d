"""Search: a query in, explained hits out."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from indexer.index import Index
from indexer.query import And, HasId, Hit, Nearest, Not
from search import language
from search.concepts import Encode
from search.cursor import make_cursor, offset_of
from search.diversity import Diverse
from search.explain import Explanation, name_of
from search.plan import Context, Plan, describe, make_plan
from search.rankings import BLOCK, AlongVector, ByBelief, Fused, Part, Ranking, Scored
from search.vectors import EncodeFile, image_vector, text_vector
from splice.errors import UserError

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

    Raises:
        UserError: A number is out of bounds.
    """

    limit: int = 10
    offset: int = 0
    near: bool = False
    rank: Rank = "auto"
    weights: tuple[float, ...] | None = None
    diversity: float = 0.0

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
        payload: Its columns, where the photo lies and how well its concepts describe it.
    """

    id: str
    path: str
    score: float
    match: bool
    explanation: Explanation
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Results:
    """The answer to a query.

    Args:
        query: As asked.
        hits: Best first.
        matches: How many images match in all.
        notes: What words were taken to mean, where that is not obvious.
        took_ms: Wall time in milliseconds.
        cursor: What to ask with for the next page; None after the last.
    """

    query: str
    hits: tuple[Result, ...]
    matches: int
    notes: tuple[str, ...]
    took_ms: float
    cursor: str | None


class Searcher:
    """Answers queries over an open index.

    Args:
        index: Open index.
        encode: Text encoder, if the index's model has one.
        encode_file: Image encoder, likewise.
        block: Hits are put in order by belief in blocks of this many.
    """

    def __init__(
        self,
        index: Index,
        encode: Encode | None = None,
        encode_file: EncodeFile | None = None,
        *,
        block: int = BLOCK,
    ) -> None:
        self.index = index
        self._encode = encode
        self._encode_file = encode_file
        self._block = block

    @cached_property
    def context(self) -> Context:
        """What queries are planned against."""
        index = self.index
        return Context(
            index.space,
            index.activations,
            index.columns,
            lambda column, most: [v for v, _ in index.engine.facet(column, limit=most)],
            self._encode,
        )

    def plan(self, query: str) -> Plan:
        """Plan a query without asking it.

        Raises:
            QueryError: It breaks the grammar, or names what is not there.
        """
        tree = language.parse(query, self.context.columns)
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
            "refined": "by the engine alone" if plan.dense else "by belief",
            "meanings": {
                name_of(concept): {names[i]: weight for i, weight in meaning.family.items()}
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
        others = Not(HasId(itself))
        passing = And((plan.filter, others))
        total = matches = engine.count(passing)
        wanted = min(asked.limit, matches - offset)
        page = ranking.page(passing, offset, wanted) if wanted > 0 else []
        hits = self._results(ranking, page, match=True)
        end = offset + len(hits)
        if asked.near:
            passing = And((plan.columns, Not(plan.filter), others))
            total += engine.count(passing)
            wanted = min(asked.limit - len(hits), total - end)
            # A fusion may end before the matches do: near misses never stand in for them.
            if wanted > 0 and end >= matches:
                page = ranking.page(passing, end - matches, wanted)
                hits += self._results(ranking, page, match=False)
                end = offset + len(hits)
        return Results(
            query,
            tuple(hits),
            matches,
            tuple(plan.notes(self.index.space)),
            (time.perf_counter() - start) * 1000,
            make_cursor(end, query, asked) if hits and end < total else None,
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
            return ByBelief(self.index, plan, self._block), ()
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
            if isinstance(asked, language.Text):
                vector, common = text_vector(asked, self._encode), space.text_mean
            else:
                vector, id_ = image_vector(self.index, asked, plan.meanings, self._encode_file)
                common = space.image_mean
                itself += [id_] if id_ else []
            parts.append(Part(name_of(asked), Nearest(vector), common, asked.boost))
        if plan.direction is not None:
            nothing = np.zeros(space.dim, np.float32)
            parts.append(Part("concepts", Nearest(plan.direction), nothing))
        return parts, tuple(itself)

    def _results(self, ranking: Ranking, page: list[Scored], *, match: bool) -> list[Result]:
        found = self._fetch([id_ for id_, _ in page])
        hits = [replace(found[id_], score=score) for id_, score in page if id_ in found]
        return [
            Result(hit.id, hit.payload["path"], hit.score, match, explanation, hit.payload)
            for hit, explanation in zip(hits, ranking.explain(hits), strict=True)
        ]

    def _fetch(self, ids: Sequence[str]) -> dict[str, Hit]:
        hits = self.index.engine.retrieve(
            ids,
            with_payload=tuple(dict.fromkeys([*SHOWN, *self.index.columns])),
            with_dense=True,
            with_concepts=True,
        )
        return {hit.id: hit for hit in hits}
