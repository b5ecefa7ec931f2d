"""Qdrant in the process: the engine of an index folder.

Qdrant Edge is the server's own search core as a library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import qdrant_edge as edge

from indexer.edge_query import to_condition, to_filter, to_points, to_request
from indexer.engine import Batch, FieldKind
from indexer.query import DENSE, SPARSE, Filter, HasId, Hit, Query, Scalar
from indexer.wire import payload_fields, to_hit, vector_names
from splice.errors import UserError

POINTS_A_FLUSH = 50_000
"""Points written between flushes.

Only a flush lets Edge drop its write-ahead log, which otherwise grows by 2 KB a point (512
dimensions) and is replayed, at 50 µs a point, when an index whose writer was killed is opened.
"""

# Once optimised, cold indexes are mapped instead of read: 50,000 points with 60 integers each open
# in 0.1 s instead of 1.6 s, and answer as fast.
_INDEXES: dict[FieldKind, Any] = {
    "keyword": edge.KeywordIndexParams(memory=edge.Memory.Cold),
    "integer": edge.IntegerIndexParams(lookup=True, range=True, memory=edge.Memory.Cold),
    "float": edge.FloatIndexParams(memory=edge.Memory.Cold),
    "lookup": edge.IntegerIndexParams(lookup=True, range=False, memory=edge.Memory.Cold),
}


class EdgeEngine:
    """An `indexer.engine.Engine` over one folder, which it holds alone until closed.

    Dense vectors are stored normalised, so they come back as unit vectors.

    Args:
        shard: The open shard.
    """

    def __init__(self, shard: edge.EdgeShard) -> None:
        self._open_shard: edge.EdgeShard | None = shard
        self._unflushed = 0

    @classmethod
    def create(cls, folder: Path, dim: int) -> Self:
        """Make an empty collection.

        Args:
            folder: Made if missing.
            dim: Size of the dense vectors.

        Raises:
            UserError: The folder holds a collection already.
        """
        if _holds_shard(folder):
            raise UserError(f"{folder} already holds an index", "open it, or choose another folder")
        folder.mkdir(parents=True, exist_ok=True)
        config = edge.EdgeConfig(
            vectors={DENSE: edge.EdgeVectorParams(size=dim, distance=edge.Distance.Cosine)},
            sparse_vectors={SPARSE: edge.EdgeSparseVectorParams()},
        )
        return cls(edge.EdgeShard.create(str(folder), config))

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a collection that `create` made.

        Raises:
            UserError: No collection there, or someone else has it open.
        """
        if not _holds_shard(folder):
            raise UserError(f"{folder} holds no index", "check the path, or index something there")
        try:
            return cls(edge.EdgeShard.load(str(folder)))
        except Exception as error:  # the binding raises nothing narrower
            if "WouldBlock" not in str(error):
                raise
            raise UserError(
                f"another process holds the index in {folder}",
                "end that process, or ask it instead if it is a server",
            ) from error

    @property
    def _shard(self) -> edge.EdgeShard:
        if self._open_shard is None:
            raise RuntimeError("the engine is closed")
        return self._open_shard

    def upsert(self, batch: Batch) -> None:
        """Insert points, replacing those whose id exists."""
        self._shard.update(edge.UpdateOperation.upsert_points(to_points(batch)))
        self._unflushed += len(batch.ids)
        if self._unflushed >= POINTS_A_FLUSH:
            self._shard.flush()
            self._unflushed = 0

    def delete(self, ids: Sequence[str]) -> None:
        """Remove points; ids that are not there are passed over."""
        self._shard.update(edge.UpdateOperation.delete_points(list(ids)))

    def set_payload(self, ids: Sequence[str], payload: Mapping[str, Any]) -> None:
        """Set the given payload fields on points; ids that are not there are passed over."""
        where = edge.Filter(must=[to_condition(HasId(tuple(ids)))])
        self._shard.update(edge.UpdateOperation.set_payload_by_filter(where, dict(payload)))

    def query(self, query: Query) -> list[Hit]:
        """Answer one query, best first."""
        return self.query_batch([query])[0]

    def query_batch(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer several queries as one request, in their order."""
        request = edge.QueryBatchRequest([to_request(query) for query in queries])
        answers = self._shard.query_batch(request)
        return [
            [to_hit(point, point.score if query.ranking else 0.0) for point in points]
            for query, points in zip(queries, answers, strict=True)
        ]

    def retrieve(
        self,
        ids: Sequence[str],
        *,
        with_payload: bool | tuple[str, ...] = True,
        with_dense: bool = False,
        with_concepts: bool = False,
    ) -> list[Hit]:
        """Fetch points by id, in the order asked; missing ones are left out, scores are 0."""
        records = self._shard.retrieve(
            list(ids), payload_fields(with_payload), vector_names(with_dense, with_concepts)
        )
        found = {hit.id: hit for hit in map(to_hit, records)}
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
        """Every point that passes the filter, in id order, fetched a page at a time."""
        start = None
        while True:
            request = edge.ScrollRequest(
                offset=start,
                limit=page,
                filter=to_filter(filter),
                with_payload=payload_fields(with_payload),
                with_vector=vector_names(with_dense, with_concepts),
            )
            records, start = self._shard.scroll(request)
            yield from map(to_hit, records)
            if start is None:
                return

    def count(self, filter: Filter | None = None) -> int:  # noqa: A002
        """How many points pass the filter, exactly."""
        return self._shard.count(edge.CountRequest(exact=True, filter=to_filter(filter)))

    def facet(
        self,
        key: str,
        *,
        filter: Filter | None = None,  # noqa: A002
        limit: int = 10,
    ) -> list[tuple[Scalar, int]]:
        """Most frequent values of an indexed field among what passes the filter, with counts."""
        # `exact` counts one value after the other, a second where this takes milliseconds. It is
        # for points that move between segments meanwhile; in between these counts are exact too.
        request = edge.FacetRequest(key, limit=limit, exact=False, filter=to_filter(filter))
        return [(hit.value, hit.count) for hit in self._shard.facet(request).hits]

    def create_index(self, key: str, kind: FieldKind) -> None:
        """Index a payload field for filtering and facets; again is harmless."""
        self._shard.update(edge.UpdateOperation.create_field_index(key, _INDEXES[kind]))

    def optimize(self) -> None:
        """Build what makes queries fast (HNSW, merged segments); blocks until done."""
        self._shard.optimize()

    def close(self) -> None:
        """Flush and release the folder; later calls fail, closing again does nothing."""
        if self._open_shard is not None:
            self._open_shard.close()
            self._open_shard = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _holds_shard(folder: Path) -> bool:
    return (folder / "edge_config.json").is_file()
