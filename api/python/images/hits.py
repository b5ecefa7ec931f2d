"""The ranked answer to a query, read page by page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from splicedex.api.python.tables.table import Table, plain
from splicedex.indexer.sources.location import printable, to_path
from splicedex.search.browse.image import columns_of

if TYPE_CHECKING:
    from splicedex.api.python.tables.answers import Explanation
    from splicedex.search.ranking.explain import Contribution
    from splicedex.search.results import Result, Results

PAGE = 100
"""Hits that are read at a time where no limit is given."""
REASONS = 4
"""Concepts that people see of a hit; `concepts` has all."""

Ask: TypeAlias = "Callable[[int, int], Results]"
"""Answers with the hits from an offset on: takes it and their maximum number."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A concept that an image is said to show, with its probability."""

    concept: str
    probability: float


@dataclass(frozen=True, slots=True)
class Hit:
    """An image that a query found.

    Args:
        path: Its file.
        name: Its name in the index.
        id: Its point id.
        score: Higher is better; comparable within one answer.
        match: False for a near miss.
        shows: The concepts that it is said to show, most probable first.
        concepts: The score as a sum: what each part of the query, or concept, adds to it.
        base: What the means of images and queries add; 0 for queries of concepts.
        rest: What the concepts do not explain.
        columns: Its columns.
    """

    path: str
    name: str
    id: str
    score: float
    match: bool
    shows: tuple[Shown, ...]
    concepts: tuple[Contribution, ...]
    base: float
    rest: float
    columns: Mapping[str, Any]
    _why: Callable[[str], Explanation] = field(repr=False, compare=False)

    def explain(self) -> Explanation:
        """Why the query matches this image, or not, part by part.

        Raises:
            UserError: The query only ranks (`text:`, `like:`), or the index is closed.
        """
        return self._why(self.id)

    def to_dict(self) -> dict[str, Any]:
        """The hit as plain values, as `--json` prints it."""
        names = ("path", "name", "id", "score", "match", "shows", "concepts", "base", "rest")
        return {name: plain(getattr(self, name)) for name in (*names, "columns")}

    @property
    def reasons(self) -> list[str]:
        """The largest contributions to the score: `dog as puppy +0.412`, `beach +0.230`."""
        parts = []
        for part in self.concepts[:REASONS]:
            others = [fired.concept for fired in part.fired[:1] if fired.concept != part.concept]
            synonym = f" as {others[0]}" if others and not part.concept.startswith("NOT") else ""
            parts.append(f"{part.concept}{synonym} {part.contribution:+.3f}")
        return parts

    def _repr_html_(self) -> str:
        from splicedex.api.python.tables.html import cards_html

        return cards_html([card_of(self)], self.name, largest=256)


class Hits(Table):
    """The hits of a query, best first, read when they are asked for.

    `len`, an index, a slice and iteration read what they need. With a limit all hits are read at
    once, else a page at a time.

    Args:
        pages: What reads them.
        span: The ranks of those that are here; None for all.
    """

    ROWS = "hits"

    def __init__(self, pages: Pages, span: range | None = None) -> None:
        self._pages = pages
        self._span = span

    @property
    def query(self) -> str:
        """The query."""
        return self._pages.query

    @property
    def reading(self) -> str:
        """The query as it was read, in the exact language."""
        return self._pages.first.reading

    @property
    def matches(self) -> int | None:
        """Number of images that match, without a limit."""
        return self._pages.first.matches

    @property
    def notes(self) -> tuple[str, ...]:
        """How words were understood, where that is not obvious."""
        return self._pages.first.notes

    @property
    def took_ms(self) -> float:
        """How long the first page took, in milliseconds."""
        return self._pages.first.took_ms

    @property
    def cursor(self) -> str | None:
        """Where the next page starts, for `search(..., cursor=...)`; None after the last."""
        return self._pages.cursor if self._span is None else None

    @property
    def hits(self) -> Sequence[Hit]:
        """All hits."""
        return list(self)

    @property
    def rows(self) -> Sequence[Hit]:
        """All hits."""
        return self.hits

    def plan(self) -> dict[str, Any]:
        """What the engine is asked, as `--explain-plan` prints it."""
        return self._pages.plan()

    def __len__(self) -> int:
        return self._pages.total if self._span is None else len(self._span)

    @overload
    def __getitem__(self, at: int) -> Hit: ...
    @overload
    def __getitem__(self, at: slice) -> Hits: ...
    def __getitem__(self, at: int | slice) -> Hit | Hits:
        if isinstance(at, slice):
            whole = self._span if self._span is not None else range(self._pages.total)
            return Hits(self._pages, whole[at])
        if self._span is not None:
            return self._pages.at(self._span[at])
        return self._pages.at(at if at >= 0 else range(self._pages.total)[at])

    def __iter__(self) -> Iterator[Hit]:
        if self._span is None:
            yield from self._pages
            return
        for at in self._span:
            yield self._pages.at(at)

    def to_dict(self) -> dict[str, Any]:
        """The whole answer as plain values, as `--json` prints it."""
        return {
            "query": str(self.query),
            "reading": self.reading,
            "took_ms": round(self.took_ms, 3),
            "matches": self.matches,
            "notes": list(self.notes),
            "cursor": self.cursor,
            "hits": self.to_list(),
        }

    def to_list(self) -> list[dict[str, Any]]:
        """The hits as plain values, as `--json` prints them."""
        return [hit.to_dict() for hit in self]

    def records(self) -> list[dict[str, Any]]:
        """The hits as data frames have them: columns beside the rest."""
        records = []
        for row in self.to_list():
            columns = row.pop("columns")
            first = {name: row.pop(name) for name in ("path", "name", "id", "score", "match")}
            records.append(first | columns | row)
        return records

    def __repr__(self) -> str:
        if not self._pages.is_read:
            return f"<Hits of {self.query!s}: not read yet>"
        matches = "" if self.matches is None else f" of {self.matches:,} matches"
        return f"<Hits of {self.query!s}: {len(self):,}{matches}>"

    def _repr_html_(self) -> str:
        from splicedex.api.python.tables.html import MOST_CARDS, cards_html

        count = len(self)
        shown = [card_of(self[at]) for at in range(min(count, MOST_CARDS))]
        return cards_html(shown, repr(self), of=count)

    def _kinds(self) -> Mapping[str, Any]:
        return self._pages.kinds()


class Pages:
    """Reads the hits of a query, in pages that are kept. Several threads may use it.

    Args:
        query: The query.
        ask: Answers it.
        why: Explains an image by id.
        plan: Describes what the engine is asked.
        kinds: What the columns of the index hold.
        limit: Maximum number of hits; None for all.
        offset: Number of best hits to skip.
        counted: Whether there are as many hits as matches.
    """

    def __init__(
        self,
        query: str,
        ask: Ask,
        *,
        why: Callable[[str], Explanation],
        plan: Callable[[], dict[str, Any]],
        kinds: Callable[[], Mapping[str, Any]],
        limit: int | None,
        offset: int,
        counted: bool,
    ) -> None:
        self.query = query
        self.plan = plan
        self.kinds = kinds
        self._ask = ask
        self._why = why
        self._limit = limit
        self._offset = offset
        self._counted = counted
        self._lock = threading.RLock()
        self._answers: dict[int, Results] = {}

    @property
    def is_read(self) -> bool:
        """Whether anything was read."""
        return bool(self._answers)

    @property
    def first(self) -> Results:
        """The first page."""
        self._page(0)
        return self._answers[0]

    @property
    def cursor(self) -> str | None:
        """The cursor after the last hit; None without a limit."""
        return None if self._limit is None else self.first.cursor

    @property
    def total(self) -> int:
        """Number of hits."""
        matches = self.first.matches
        if self._limit is not None:
            return len(self._page(0))
        if matches is None or not self._counted:
            return sum(1 for _ in self)
        return max(matches - self._offset, 0)

    def at(self, rank: int) -> Hit:
        """The hit of a rank, from 0.

        Raises:
            IndexError: There is none.
        """
        size = self._limit or PAGE
        if rank < 0 or (self._limit is not None and rank >= size):
            raise IndexError(rank)
        return hit_of(self._page(rank // size)[rank % size], self._why)

    def __iter__(self) -> Iterator[Hit]:
        number = 0
        while True:
            yield from (hit_of(result, self._why) for result in self._page(number))
            if self._limit is not None or self._answers[number].cursor is None:
                return
            number += 1

    def _page(self, number: int) -> Sequence[Result]:
        with self._lock:
            if number not in self._answers:
                size = self._limit or PAGE
                self._answers[number] = self._ask(self._offset + number * size, size)
            return self._answers[number].hits


def hit_of(result: Result, why: Callable[[str], Explanation]) -> Hit:
    """A result of a search as a hit.

    Args:
        result: The result.
        why: Explains an image by id.
    """
    return Hit(
        printable(str(to_path(result.payload))),
        result.path,
        result.id,
        result.score,
        result.match,
        tuple(Shown(*one) for one in result.shows),
        result.explanation.concepts,
        result.explanation.base,
        result.explanation.rest,
        columns_of(result.payload),
        why,
    )


def card_of(hit: Hit) -> Any:
    """A hit to show: its picture, its score and its reasons."""
    from splicedex.api.python.tables.html import Card

    said = ", ".join(one.concept for one in hit.shows[:REASONS])
    lines = [f"{hit.score:.3f}", *hit.reasons, *([f"shows {said}"] if said else [])]
    return Card(hit.path, hit.name, lines, faint=not hit.match)
