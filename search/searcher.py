"""Search: answers queries over an open index with explained hits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from splicedex.indexer.engines.query import And, Filter, HasId, Hit, Not
from splicedex.indexer.payload.columns import fields_of
from splicedex.indexer.payload.shows import FIELDS, shown_in
from splicedex.indexer.store.index import Index
from splicedex.search.browse.image import weighted
from splicedex.search.cursor import make_cursor, offset_of
from splicedex.search.query.asked import Asked
from splicedex.search.query.external_images import ExternalImages, files
from splicedex.search.query.nodes import AllOf
from splicedex.search.query.plan import Context, Plan, describe, make_plan
from splicedex.search.query.reading.reading import Reading, read
from splicedex.search.query.resolve import Encode, named
from splicedex.search.ranking.choose import RankingChooser
from splicedex.search.ranking.embedding_cache import EmbeddingCache
from splicedex.search.ranking.explain import Explanation, name_of
from splicedex.search.ranking.rankers import Ranking, block_for
from splicedex.search.ranking.why_matched import MatchExplanation, explain_match
from splicedex.search.results import Options, Result, Results

SHOWN = ("path", "location", "cosine", *FIELDS)
"""Payload fields that every hit has in addition to the user's columns."""


class Searcher:
    """Answers queries over an open index.

    Args:
        index: Open index.
        encode: The text encoder, if the model of the index has one.
        outside: Embeds images that are not in the index. By default their names are known as files,
            but cannot be encoded.
        browse: Whether a blank query matches every image instead of being refused.
        block: Number of hits sorted exactly at a time; by default it depends on the size of the
            index.
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
        """What planning needs to know of the index now. Other clients may add columns."""
        index = self.index
        return Context(
            index.space,
            index.calibration.activations,
            index.columns,
            lambda column, most: [v for v, _ in index.engine.facet(column, limit=most)],
            self._encode,
            lambda concept: int(index.lexicon.names[concept]),
        )

    def plan(self, query: str) -> Plan:
        """Plan a query without running it.

        Raises:
            QueryError: It is not valid, or names an unknown concept or column.
        """
        context = self.context
        found = self._read(query, context)
        return replace(make_plan(query, found.tree, context), reading=found)

    def _read(self, query: str, context: Context) -> Reading:
        """The tree of a query as it is meant."""
        if isinstance(query, Asked) and not query.is_to_be_read:
            return Reading(query.tree, str(query))
        if self._browse and not query.strip():
            return Reading(AllOf(()), "")
        return read(
            query,
            context.columns,
            lambda text: named(context.space, text) is not None,
            has_sentences=context.encode is not None,
        )

    def describe(self, query: str) -> dict[str, Any]:
        """Describe the plan of a query as plain values.

        Raises:
            QueryError: It is not valid, or names an unknown concept or column.
        """
        plan = self.plan(query)
        names = self.index.space.concepts
        return {
            "query": query,
            "filter": describe(plan.filter),
            "near": describe(plan.columns),
            "ranking": [name_of(part) for part in plan.dense]
            + [f"NOT {name_of(part)}" for part in plan.denied]
            + (["concepts"] if plan.direction is not None else []),
            "refined": "by the engine alone" if plan.ranks_by_vectors else "by concept score",
            "meanings": {
                name_of(concept): {names[i]: weight for i, weight in meaning.synonyms.items()}
                for concept, meaning in plan.meanings.items()
            },
        }

    def explain(self, query: str, name: str) -> MatchExplanation:
        """Explain whether an indexed image matches a query, and how well sentences suit it.

        Args:
            query: The query.
            name: Name or point id of the image.

        Raises:
            QueryError: The query is not valid.
            UserError: The image does not exist, or there is nothing to explain.
        """
        return explain_match(self.index, self.plan(query), name, self._encode)

    def search(
        self,
        query: str,
        options: Options | None = None,
        *,
        cursor: str | None = None,
        plan: Plan | None = None,
    ) -> Results:
        """Answer a query with explained hits.

        Args:
            query: The query.
            options: Options of the search.
            cursor: Cursor of an earlier answer to the same query; it replaces the offset.
            plan: The plan of the query, if it was just made.

        Raises:
            QueryError: The query is not valid, or names an unknown concept or column.
            UserError: The options do not fit the query.
        """
        start = time.perf_counter()
        asked = replace(options or Options(), offset=0)
        offset = options.offset if options else 0
        if cursor is not None:
            offset = offset_of(cursor, query, asked)
        plan = plan or self.plan(query)
        chooser = RankingChooser(self.index, self._encode, self._outside, self._images, self._block)
        ranking, itself = chooser.choose(plan, asked)
        others = (Not(HasId(itself)),) if itself else ()
        passing = And((plan.filter, *others))
        matches = ranking.count(passing) if asked.count or asked.near else None
        hits, more = self._matches(ranking, passing, offset, asked.limit, matches)
        if asked.near and matches is not None:
            total = self.index.engine.count(And((plan.columns, *others)))
            end = offset + len(hits)
            # A fusion may end before the matches do: near misses never replace them.
            if end >= matches:
                near = And((plan.columns, Not(plan.filter), *others))
                wanted = min(asked.limit - len(hits), total - end)
                hits += self._results(ranking, near, end - matches, wanted, match=False)
            more = offset + len(hits) < total
        return Results(
            query,
            tuple(hits),
            matches,
            tuple(plan.notes(self.index.space)),
            (time.perf_counter() - start) * 1000,
            make_cursor(offset + len(hits), query, asked) if hits and more else None,
            plan.reading.exact if plan.reading else query,
        )

    def _matches(
        self, ranking: Ranking, passing: Filter, offset: int, limit: int, matches: int | None
    ) -> tuple[list[Result], bool]:
        """A page of matches, and whether more may follow.

        Args:
            ranking: The ranking.
            passing: The filter of matches.
            offset: Rank of the first hit of the page, from 0.
            limit: Maximum number of hits.
            matches: Number of matches; None if they were not counted.
        """
        wanted = limit if matches is None else min(limit, matches - offset)
        hits = self._results(ranking, passing, offset, wanted, match=True)
        if matches is None:  # a full page is followed by another, which may be empty
            return hits, len(hits) == wanted
        return hits, offset + len(hits) < matches

    def _results(
        self, ranking: Ranking, passing: Filter, offset: int, wanted: int, *, match: bool
    ) -> list[Result]:
        """The hits of a page with their explanations."""
        page = ranking.page(passing, offset, wanted) if wanted > 0 else []
        found = self._fetch([id_ for id_, _ in page], with_dense=ranking.needs_embeddings)
        kept = [(found[id_], score) for id_, score in page if id_ in found]
        explanations = ranking.explain([hit for hit, _ in kept])
        return [
            self._result(hit, score, explanation, match=match)
            for (hit, score), explanation in zip(kept, explanations, strict=True)
        ]

    def _result(self, hit: Hit, score: float, explanation: Explanation, *, match: bool) -> Result:
        assert hit.concepts is not None
        space = self.index.space
        return Result(
            hit.id,
            hit.payload["path"],
            score,
            match,
            explanation,
            shown_in(hit.payload).named(space),
            weighted(space, hit.concepts),
            hit.payload,
        )

    def _fetch(self, ids: Sequence[str], *, with_dense: bool) -> dict[str, Hit]:
        hits = self.index.engine.retrieve(
            ids,
            with_payload=tuple(dict.fromkeys([*SHOWN, *fields_of(*self.index.columns)])),
            with_dense=with_dense,
            with_concepts=True,
        )
        return {hit.id: hit for hit in hits}
