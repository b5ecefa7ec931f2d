"""What the two engines share: one query from a batch, hits from records, pages of a scroll."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.convert import payload_fields, to_hit, vector_names
from splicedex.indexer.engines.query import Filter, Hit, Query


@dataclass(frozen=True, slots=True)
class Parts:
    """Which parts of points to fetch, in Qdrant's terms.

    Args:
        payload: All fields, none, or the names of some.
        vectors: Names of the vectors.
        dense: Whether dense vectors are among them.
    """

    payload: bool | list[str]
    vectors: list[str]
    dense: bool


class QdrantEngine(Engine):
    """An engine that speaks to Qdrant, by whichever library.

    Records and scored points of both libraries have the same attributes, so they pass through here
    as `Any`.
    """

    def __init__(self) -> None:
        self._revision = 0

    @property
    def revision(self) -> int:
        """How often vectors were written or deleted through this object."""
        return self._revision

    def query(self, query: Query) -> list[Hit]:
        """Answer one query, best hit first."""
        return self.query_batch([query])[0]

    def query_batch(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer several queries in one request, in the order of the queries."""
        return [
            [to_hit(point, point.score if query.ranking else 0.0) for point in points]
            for query, points in zip(queries, self._answers(queries), strict=True)
        ]

    def retrieve(
        self,
        ids: Sequence[str],
        *,
        with_payload: bool | tuple[str, ...] = True,
        with_dense: bool = False,
        with_concepts: bool = False,
    ) -> list[Hit]:
        """Fetch points by id, in the order of `ids`. Unknown ids are left out; scores are 0."""
        parts = _parts(with_payload, with_dense, with_concepts)
        found = {hit.id: hit for hit in map(to_hit, self._records(list(ids), parts))}
        return [found[point] for point in ids if point in found]

    def scroll(
        self,
        filter: Filter | None = None,  # noqa: A002
        *,
        with_payload: bool | tuple[str, ...] = True,
        with_dense: bool = False,
        with_concepts: bool = False,
        page: int = 1024,
    ) -> Iterator[Hit]:
        """Iterate over all points that pass the filter, in the order of ids, page by page."""
        parts = _parts(with_payload, with_dense, with_concepts)
        start: Any = None
        while True:
            records, start = self._page(filter, start, page, parts)
            yield from map(to_hit, records)
            if start is None:
                return

    @abstractmethod
    def _answers(self, queries: Sequence[Query]) -> Sequence[Sequence[Any]]:
        """The scored points of each query."""

    @abstractmethod
    def _records(self, ids: list[str], parts: Parts) -> Sequence[Any]:
        """The points with these ids, in any order."""

    @abstractmethod
    def _page(
        self, passing: Filter | None, start: Any, limit: int, parts: Parts
    ) -> tuple[Sequence[Any], Any]:
        """A page of points, and where the next one starts; None after the last."""


def _parts(with_payload: bool | tuple[str, ...], with_dense: bool, with_concepts: bool) -> Parts:
    vectors = vector_names(with_dense, with_concepts)
    return Parts(payload_fields(with_payload), vectors, with_dense)
