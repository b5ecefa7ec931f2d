"""The methods of an index that search, browse and explain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Literal, overload

from splicedex.api.python.asking import asked
from splicedex.api.python.images.hits import Hits, Pages, Shown
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.api.python.asking import Asking
    from splicedex.api.python.progress import Progress
    from splicedex.api.python.session import Session
    from splicedex.api.python.tables.answers import Explanation, Frequencies, Meaning, Shows
    from splicedex.api.python.tables.results import Distribution, Facets
    from splicedex.search.results import Options, Rank, Results

RANKS = ("auto", "concept", "dense", "rrf")
INTERNAL = frozenset(
    {"concepts", "presence", "strengths", "folders", "shows", "shows_percent", "shows_surely"}
    | {"-fingerprint"}
)
"""Payload fields that only filters use."""


class Searching:
    """Search, browsing and explanations.

    Args:
        session: The open index.
        progress: Shows progress.
    """

    def __init__(self, session: Session, progress: Progress) -> None:
        self._session = session
        self._progress = progress

    def search(
        self,
        query: str | Asking,
        *,
        limit: int | None = 10,
        offset: int = 0,
        cursor: str | None = None,
        near: bool = False,
        rank: Rank = "auto",
        weights: Sequence[float] | None = None,
        diversity: float = 0.0,
    ) -> Hits:
        """Find images by a query, and say why each matches.

        The query is checked now; hits are read when they are asked for.

        Args:
            query: Its text, or a value: `c("dog") & ~c("person")`, or a view.
            limit: At most this many hits, 1 or more; None for all, which are read 100 at a time.
            offset: Skip this many of the best hits.
            cursor: Continue after an earlier page: its `cursor`. The limit has to be the same.
            near: Whether near misses follow the matches.
            rank: "concept": by the probability of the concepts. "dense": by similarity to one
                vector of the whole query. "rrf": by fusing one ranking for each part. "auto":
                dense if the query has `text:` or `like:`, else concept.
            weights: Weights of the rankings for "dense" and "rrf": one for each `text:` and `like:`
                of the query, then one for the concepts.
            diversity: From 0, the best hits, to 1, hits that differ most.

        Returns:
            The hits: `len`, `hits[0]`, `hits[10:20]`, iteration, `to_pandas` and others.

        Raises:
            UserError: The query is not valid, or names an unknown concept or column; an option is
                out of range or does not fit the query; or the index is closed.

        Example:
            >>> hits = ix.search("dog AND beach", limit=3)
            >>> len(hits)
            3
            >>> hits[0].match
            True
        """
        from splicedex.search.results import Options

        if rank not in RANKS:
            raise UserError(f"--rank {rank} is unknown", f"use {', '.join(RANKS)}")
        chosen = tuple(weights) if weights is not None else None
        options = Options(1 if limit is None else limit, offset, near, rank, chosen, diversity)
        if limit is None and cursor is not None:
            raise UserError("a cursor continues a page", "give the limit of that page as well")
        return self._hits(asked(query), options, limit, cursor)

    def similar(self, path: str | PathLike[str], *, limit: int = 10, above: float = -1.0) -> Hits:
        """Find the images most similar to one image, and the concepts they share.

        Args:
            path: An image of the index by name, path or id, or any image file.
            limit: At most this many hits.
            above: Least cosine, from -1 to 1; near-duplicates have about 0.95 or more.

        Raises:
            UserError: There is no such image, or it cannot be read.

        Example:
            >>> [hit.score > 0.5 for hit in ix.similar(some_image, limit=2, above=0.5)]
            [True, True]
        """
        from splicedex.indexer.sources.location import printable
        from splicedex.search.query.lexer import quoted
        from splicedex.search.results import Options

        query = f"like:{quoted(printable(fspath(path)))}"
        return self._hits(query, Options(limit), limit, None, above=above)

    def shows(self, path: str | PathLike[str]) -> Shows:
        """What an image shows, and its decomposition.

        Args:
            path: An image of the index, by name, path or id.

        Raises:
            UserError: There is no such image.

        Example:
            >>> len(ix.shows(some_image).concepts) > 0
            True
        """
        return self.explain(path)

    @overload
    def explain(self, path: str | PathLike[str], *, query: None = None) -> Shows: ...
    @overload
    def explain(self, path: str | PathLike[str], *, query: str | Asking) -> Explanation: ...
    def explain(
        self, path: str | PathLike[str], *, query: str | Asking | None = None
    ) -> Shows | Explanation:
        """What an image shows and its decomposition, or why a query matches it or not.

        Args:
            path: An image of the index, by name, path or id.
            query: Explain whether this query matches the image.

        Raises:
            UserError: There is no such image, or the query is not valid or only ranks.

        Example:
            >>> ix.explain(some_image, query="dog NOT person").match
            True
        """
        return self._shows(fspath(path)) if query is None else self._why(fspath(path), asked(query))

    @overload
    def concepts(self, word: str, *, limit: int = 10) -> Meaning: ...
    @overload
    def concepts(self, word: None = None, *, limit: int = 10) -> Frequencies: ...
    @overload
    def concepts(
        self,
        word: None = None,
        *,
        inside: str | Asking,
        order: Literal["share", "weight", "lift"] = "share",
        limit: int = 10,
    ) -> Distribution: ...
    def concepts(
        self,
        word: str | None = None,
        *,
        inside: str | Asking | None = None,
        order: Literal["share", "weight", "lift"] = "share",
        limit: int = 10,
    ) -> Meaning | Frequencies | Distribution:
        """What a word means here, or what the images of a set show, or what most images show.

        Args:
            word: Word to look up.
            inside: Say what the images that match this query show.
            order: With `inside`: by "share" of images, by mean SpLiCE "weight", or by "lift" (share
                there over share in the whole index).
            limit: At most this many concepts.

        Raises:
            UserError: The word is unknown, the query is not valid, or both are given.

        Example:
            >>> ix.concepts("dogs").concept
            'dog'
        """
        if word is not None and inside is not None:
            raise UserError("a word and --in ask for different things", "give one of them")
        if inside is not None:
            from splicedex.api.python.tables.results import Distribution, made
            from splicedex.search.curation.distribution import distribution

            with self._session.searcher() as searcher:
                found = distribution(searcher, asked(inside), limit, order)
            return made(Distribution, found, order=order)
        return self._frequent(limit) if word is None else self._meaning(word, limit)

    def facets(self, query: str | Asking = "", *, limit: int = 12) -> Facets:
        """Count what the images that match a query show, and the values of their columns.

        Args:
            query: The query; empty for every image.
            limit: At most this many concepts, and values of each column.

        Raises:
            UserError: The query is not valid, or is no set (`text:`, `like:`).

        Example:
            >>> ix.facets("dog").matches == len(ix.view("dog"))
            True
        """
        from splicedex.api.python.tables.results import Facets, made
        from splicedex.search.browse.facets import facets
        from splicedex.search.query.asked import Asked
        from splicedex.search.query.nodes import AllOf

        text = asked(query)
        with self._session.searcher() as searcher, self._session.frequencies() as frequencies:
            plan = searcher.plan(text if text.strip() else Asked(AllOf(())))
            return made(Facets, facets(searcher.index, plan, frequencies, limit))

    # --- how ---

    def _hits(
        self,
        query: str,
        options: Options,
        limit: int | None,
        cursor: str | None,
        above: float | None = None,
    ) -> Hits:
        with self._session.searcher() as searcher:
            checked = [searcher.plan(query)]  # a mistake is told now, not when hits are read

        def ask(offset: int, most: int) -> Results:
            asked_for = replace(options, offset=offset, limit=most)
            with self._session.searcher() as searcher:
                made = checked.pop() if checked else None
                found = searcher.search(query, asked_for, cursor=cursor, plan=made)
            if above is None:
                return found
            return replace(found, hits=tuple(hit for hit in found.hits if hit.score >= above))

        def plan() -> dict[str, Any]:
            with self._session.searcher() as searcher:
                return searcher.describe(query)

        pages = Pages(
            query,
            ask,
            why=lambda id_: self._why(id_, query),
            plan=plan,
            kinds=self._kinds,
            limit=limit,
            offset=options.offset,
            counted=not options.near and options.rank != "rrf",
        )
        return Hits(pages)

    def _kinds(self) -> dict[str, Any]:
        with self._session.searcher() as searcher:
            return dict(searcher.index.columns)

    def _shows(self, path: str) -> Shows:
        from splicedex.api.python.tables.answers import Shows, Weight
        from splicedex.indexer.sources.location import printable, to_path
        from splicedex.search.browse.image import read_record

        with self._session.searcher() as searcher:
            record = read_record(searcher.index, searcher.index.find(path).id)
        if record is None:
            raise UserError(f"no image {path!r} in the index", "it was removed just now")
        payload = record.payload
        return Shows(
            record.id,
            {key: value for key, value in payload.items() if key not in INTERNAL},
            printable(str(to_path(payload))),
            record.path,
            tuple(Shown(*one) for one in record.shows),
            tuple(Weight(*one) for one in record.decomposition.concepts),
            record.decomposition.cosine,
        )

    def _why(self, path: str, query: str) -> Explanation:
        from splicedex.api.python.tables.answers import Explanation, Part
        from splicedex.indexer.sources.location import printable

        with self._session.searcher() as searcher:
            found = searcher.explain(query, path)
        parts = (
            Part(
                part.contribution.concept,
                part.holds,
                part.contribution.weight,
                part.contribution.contribution,
                part.contribution.fired,
            )
            for part in found.parts
        )
        return Explanation(printable(path), query, found.match, tuple(parts))

    def _frequent(self, limit: int) -> Frequencies:
        from splicedex.api.python.tables.answers import Frequencies, Frequency
        from splicedex.search.browse.concept_frequency import most_shown

        with self._session.searcher() as searcher:
            found = most_shown(searcher.index, limit)
            images = searcher.index.engine.count()
        concepts = (Frequency(name, count, count / max(images, 1)) for name, count in found)
        return Frequencies(images, tuple(concepts))

    def _meaning(self, word: str, limit: int) -> Meaning:
        from splicedex.api.python.tables.answers import Meaning, Near, Synonym
        from splicedex.search.browse.concept_frequency import images_with
        from splicedex.search.query.resolve import Resolved, neighbours, resolve

        with self._session.searcher() as searcher:
            index = searcher.index
            names = index.space.concepts
            meaning = resolve(index.space, word, encode=searcher.context.encode)

            def count(concept: int) -> int:
                return images_with(index, Resolved("", "", {concept: 1.0}, "exact"))

            return Meaning(
                word,
                meaning.name,
                meaning.how,
                images_with(index, meaning),
                tuple(Synonym(names[i], w, count(i)) for i, w in meaning.synonyms.items()),
                tuple(
                    Near(names[i], cosine, count(i))
                    for i, cosine in neighbours(index.space, meaning.synonyms, limit)
                ),
            )
