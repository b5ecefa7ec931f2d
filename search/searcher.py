"""Search: from a query to explained hits."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from splicedex.indexer.engines.query import And, Filter, HasId, Hit, Not
from splicedex.indexer.store.index import Index
from splicedex.search.browse.image import weighted
from splicedex.search.cursor import make_cursor, offset_of
from splicedex.search.options import Options
from splicedex.search.query.external_images import ExternalImages, files
from splicedex.search.query.nodes import AllOf, Text
from splicedex.search.query.parser import parse
from splicedex.search.query.plan import Context, Plan, describe, make_plan
from splicedex.search.query.resolve import Encode
from splicedex.search.query.tree import AllOf
from splicedex.search.ranking.choose import RankingChooser
from splicedex.search.ranking.embedding_cache import EmbeddingCache
from splicedex.search.ranking.explain import Explanation, name_of
from splicedex.search.ranking.nearest import Scored
from splicedex.search.ranking.rankers import Ranking, block_for
from splicedex.search.results import Result, Results

SYSTEM_COLUMNS = ("path", "location", "cosine")
"""Payload fields that every hit has in addition to the user's columns."""


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of hits.

    Args:
        hits: The hits, best first.
        end: The offset after the last hit.
        more: Whether another page follows.
        matches: Number of images that match; None if it was not counted.
    """

    hits: list[Result]
    end: int
    more: bool
    matches: int | None


class Searcher:
    """Answers queries over an open index.

    Args:
        index: Open index.
        encode: The text encoder; None if the index has none.
        outside: Embeds images that are not in the index. The default names files, and refuses them
            because there is no image encoder.
        browse: Whether a blank query matches every image; otherwise it is an error.
        block: Number of hits per block that is reordered by concept score. The default depends on
            the size of the index.
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
        """What queries are planned with now; other processes may add columns at any time."""
        index = self.index
        return Context(
            index.space,
            index.calibration.activations,
            index.columns,
            lambda column, most: [v for v, _ in index.engine.facet(column, limit=most)],
            self._encode,
        )

    def plan(self, query: str) -> Plan:
        """Plan a query without running it.

        Raises:
            QueryError: A syntax error, or an unknown concept or column.
        """
        everything = self._browse and not query.strip()
        tree = AllOf(()) if everything else parse(query, self.context.columns)
        return make_plan(query, tree, self.context)

    def describe(self, query: str) -> dict[str, Any]:
        """Describe what a query asks of the engine, as plain values.

        Raises:
            QueryError: A syntax error, or an unknown concept or column.
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
            query: The query, in the query language.
            options: The options of the search.
            cursor: The cursor of an earlier answer to the same query. It replaces the offset.

        Raises:
            QueryError: A syntax error, or an unknown concept or column.
            UserError: The options do not fit the query, or the cursor belongs to another query.
        """
        start = time.perf_counter()
        asked = replace(options or Options(), offset=0)
        offset = options.offset if options else 0
        if cursor is not None:
            offset = offset_of(cursor, query, asked)
        plan = self.plan(query)
        chooser = RankingChooser(self.index, self._encode, self._outside, self._images, self._block)
        ranking, sources = chooser.choose(plan, asked)
        # The images that the query is made of would always be the best hits.
        excluded = (Not(HasId(sources)),) if sources else ()
        page = self._matches(ranking, And((plan.filter, *excluded)), offset, asked)
        if asked.near and page.matches is not None:
            within = And((plan.columns, *excluded))
            failing = And((plan.columns, Not(plan.filter), *excluded))
            page = self._with_near_misses(page, page.matches, ranking, within, failing, asked)
        return Results(
            query,
            tuple(page.hits),
            page.matches,
            tuple(plan.notes(self.index.space)),
            (time.perf_counter() - start) * 1000,
            make_cursor(page.end, query, asked) if page.hits and page.more else None,
        )

    def _matches(self, ranking: Ranking, passing: Filter, offset: int, options: Options) -> _Page:
        """The page of matches from an offset on."""
        counted = options.count or options.near
        matches = self.index.engine.count(passing) if counted else None
        wanted = options.limit if matches is None else min(options.limit, matches - offset)
        page = ranking.page(passing, offset, wanted) if wanted > 0 else []
        hits = self._results(ranking, page, match=True)
        end = offset + len(hits)
        # Without a count, a full page is followed by another, which may be empty.
        more = len(hits) == wanted if matches is None else end < matches
        return _Page(hits, end, more, matches)

    def _with_near_misses(
        self,
        page: _Page,
        matches: int,
        ranking: Ranking,
        within: Filter,
        failing: Filter,
        options: Options,
    ) -> _Page:
        """A page filled up with near misses, which follow the last match.

        Args:
            page: The page of matches.
            matches: Number of images that match.
            ranking: The ranking of the matches.
            within: What matches and near misses satisfy.
            failing: What near misses satisfy.
            options: The options of the search.
        """
        total = self.index.engine.count(within)
        wanted = min(options.limit - len(page.hits), total - page.end)
        hits, end = page.hits, page.end
        # A fusion may end before the matches do. Near misses never replace those matches.
        if wanted > 0 and end >= matches:
            scored = ranking.page(failing, end - matches, wanted)
            near_misses = self._results(ranking, scored, match=False)
            hits, end = hits + near_misses, end + len(near_misses)
        return _Page(hits, end, end < total, matches)

    def _results(
        self, ranking: Ranking, passing: Filter, offset: int, wanted: int, *, match: bool
    ) -> list[Result]:
        """The hits of a page with their explanations."""
        page = ranking.page(passing, offset, wanted) if wanted > 0 else []
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
            with_payload=tuple(dict.fromkeys([*SYSTEM_COLUMNS, *self.index.columns])),
            with_dense=with_dense,
            with_concepts=True,
        )
        return {hit.id: hit for hit in hits}
