"""Search: a query in, explained hits out."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from indexer.index import Index
from indexer.query import And, Filter, HasId, Hit, Nearest, Not
from search import language
from search.concepts import Encode
from search.diversity import diversify
from search.explain import Explanation, name_of
from search.plan import Context, Plan, describe, make_plan
from search.rankings import BLOCK, AlongVector, ByBelief, Fused, Part, Ranking, Scored
from search.vectors import EncodeFile, image_vector, text_vector
from splice.align import unit
from splice.errors import UserError

Rank: TypeAlias = Literal["auto", "concept", "dense", "rrf"]


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
    """

    limit: int = 10
    offset: int = 0
    near: bool = False
    rank: Rank = "auto"
    weights: tuple[float, ...] | None = None
    diversity: float = 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """An image that matched, or nearly.

    Args:
        id: Its point id.
        path: Its name in the index.
        score: Higher is better; comparable within one answer.
        match: False for a near miss.
        explanation: The score as a sum.
        payload: What is stored of it.
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
    """

    def __init__(
        self, index: Index, encode: Encode | None = None, encode_file: EncodeFile | None = None
    ) -> None:
        self.index = index
        self._encode = encode
        self._encode_file = encode_file

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
        """What a query asks of the engine, as plain values."""
        plan = self.plan(query)
        return {
            "query": query,
            "filter": describe(plan.filter),
            "near": describe(plan.columns),
            "ranking": [name_of(part) for part in plan.dense]
            + (["concepts"] if plan.direction is not None else []),
            "refined": "by belief" if not plan.dense else "by the engine alone",
            "meanings": {
                concept.text: {self.index.space.concepts[i]: w for i, w in meaning.family.items()}
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
        options = options or Options()
        if cursor is not None:
            options = replace(options, offset=_offset(cursor, query, options))
        plan = self.plan(query)
        ranking, itself = self._ranking(plan, options)
        others = And((plan.filter, *(Not(HasId((id_,))) for id_ in itself)))
        near = And((plan.columns, Not(plan.filter), *(Not(HasId((id_,))) for id_ in itself)))
        engine = self.index.engine
        matches = engine.count(others)
        page = self._page(ranking, others, options.offset, options)
        hits = self._results(ranking, page, match=True)
        total = matches
        if options.near:
            total += engine.count(near)
            rest = replace(options, limit=options.limit - len(hits))
            if rest.limit:
                start_near = max(0, options.offset - matches)
                page = self._page(ranking, near, start_near, rest)
                hits += self._results(ranking, page, match=False)
        end = options.offset + len(hits)
        return Results(
            query,
            tuple(hits),
            matches,
            tuple(plan.notes(self.index.space)),
            (time.perf_counter() - start) * 1000,
            _cursor(end, query, options) if hits and end < total else None,
        )

    def _ranking(self, plan: Plan, options: Options) -> tuple[Ranking, list[str]]:
        """How to rank, and the ids of images that the query is made of, which are no news."""
        if not plan.dense and options.rank in {"auto", "concept"}:
            # All of a page in one block, so that the block's order is the page's.
            return ByBelief(self.index, plan, max(BLOCK, options.limit)), []
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
        vectors = [part.weight * np.asarray(part.nearest.vector) for part in parts]
        return AlongVector(self.index, unit(np.sum(vectors, axis=0))), itself

    def _parts(self, plan: Plan) -> tuple[list[Part], list[str]]:
        """The vectors a query looks along."""
        parts, itself = [], []
        for asked in plan.dense:
            if isinstance(asked, language.Text):
                vector, name = text_vector(asked, self._encode), f"text:{asked.text}"
            else:
                vector, id_ = image_vector(self.index, asked, self._encode, self._encode_file)
                name = f"like:{asked.path}"
                itself += [id_] if id_ else []
            parts.append(Part(name, Nearest(vector), asked.boost))
        if plan.direction is not None:
            parts.append(Part("concepts", Nearest(plan.direction)))
        return parts, itself

    def _page(
        self, ranking: Ranking, passing: Filter, offset: int, options: Options
    ) -> list[Scored]:
        """Images from a place on, made diverse if that is asked."""
        if not options.diversity:
            return ranking.page(passing, offset, options.limit)
        wanted = offset + options.limit
        candidates = ranking.page(passing, 0, max(BLOCK, wanted))
        if not candidates:
            return []
        found = self._fetch([id_ for id_, _ in candidates])
        embeddings = np.array([found[id_].dense for id_, _ in candidates], np.float32)
        scores = np.array([score for _, score in candidates], np.float32)
        chosen = diversify(scores, embeddings, wanted, options.diversity)
        return [candidates[row] for row in chosen[offset:]]

    def _results(self, ranking: Ranking, page: list[Scored], *, match: bool) -> list[Result]:
        found = self._fetch([id_ for id_, _ in page])
        hits = [replace(found[id_], score=score) for id_, score in page]
        return [
            Result(hit.id, hit.payload["path"], hit.score, match, explanation, hit.payload)
            for hit, explanation in zip(hits, ranking.explain(hits), strict=True)
        ]

    def _fetch(self, ids: Sequence[str]) -> dict[str, Hit]:
        hits = self.index.engine.retrieve(ids, with_dense=True, with_concepts=True)
        return {hit.id: hit for hit in hits}


def _cursor(offset: int, query: str, options: Options) -> str:
    return f"{offset}.{_fingerprint(query, options)}"


def _offset(cursor: str, query: str, options: Options) -> int:
    offset, _, fingerprint = cursor.partition(".")
    if not offset.isdecimal() or fingerprint != _fingerprint(query, options):
        raise UserError(f"cursor {cursor!r} is of another query", "ask without it first")
    return int(offset)


def _fingerprint(query: str, options: Options) -> str:
    """What a page must share with the next: the query and its options, but for the place."""
    told = repr((query, replace(options, offset=0)))
    return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
