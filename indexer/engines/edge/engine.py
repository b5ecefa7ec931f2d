"""Qdrant in the process: the engine of an index folder.

Qdrant Edge is the server's own search core as a library.
"""

from __future__ import annotations

import ctypes
import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import qdrant_edge as edge

from splicedex.indexer.engines.base import Ann, Batch, FieldKind
from splicedex.indexer.engines.convert import payload_fields, to_hit, vector_names
from splicedex.indexer.engines.edge import integrity
from splicedex.indexer.engines.edge.config import SMALL, chosen, edge_config
from splicedex.indexer.engines.edge.convert import to_condition, to_filter, to_points, to_request
from splicedex.indexer.engines.edge.os_errors import leave_room, size, translate_errors
from splicedex.indexer.engines.query import (
    DENSE,
    And,
    Filter,
    HasId,
    Hit,
    Not,
    Or,
    Query,
    Scalar,
    conjuncts,
)
from splicedex.splice.errors import UserError

POINTS_A_FLUSH = 50_000
"""Points written between flushes.

Only a flush lets Edge drop its write-ahead log, which otherwise grows by 2 KB a point (512
dimensions) and is replayed, at 50 µs a point, when an index whose writer was killed is opened.
"""

POINTS_A_TURN = 128
"""Points whose payload is set before other threads get their turn.

Edge keeps the interpreter to itself while it works, here for 7 µs a point.
"""

CONFIG = "edge_config.json"
COUNTS_KEPT = 4096
_BYTES_A_POINT = 4096
"""What a point takes besides its dense vector, which is written twice: the log comes first."""

# Once optimised, cold indexes are mapped instead of read: 50,000 points with 60 integers each open
# in 0.1 s instead of 1.6 s, and answer as fast. A graph with extra links for every value of a field
# takes 20 times as long to build, as there are thousands of values.
_COLD: dict[str, Any] = {"memory": edge.Memory.Cold, "enable_hnsw": False}
_INDEXES: dict[FieldKind, Any] = {
    "keyword": edge.KeywordIndexParams(**_COLD),
    "integer": edge.IntegerIndexParams(lookup=True, range=True, **_COLD),
    "float": edge.FloatIndexParams(**_COLD),
    "lookup": edge.IntegerIndexParams(lookup=True, range=False, **_COLD),
}


class EdgeEngine:
    """An `indexer.engines.base.Engine` over one folder, which it holds alone until closed.

    Dense vectors are stored normalised, so they come back as unit vectors.

    Args:
        shard: The open shard.
        folder: Where it lies.
    """

    def __init__(self, shard: edge.EdgeShard, folder: Path) -> None:
        self._open_shard: Any = _Explaining(shard, folder)
        self._folder = folder
        self._unflushed = 0
        self._revision = 0
        self._counts: dict[str, int] = {}

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
        leave_room(folder, 0)
        with translate_errors(folder):
            return cls(edge.EdgeShard.create(str(folder), edge_config(dim)), folder)

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a collection that `create` made.

        Raises:
            UserError: No collection there, or someone else has it open.
        """
        if not _holds_shard(folder):
            raise UserError(f"{folder} holds no index", "check the path, or index something there")
        integrity.check(folder)
        try:
            with translate_errors(folder):
                integrity.remove(folder)  # first: opening writes, and may be killed
                shard = edge.EdgeShard.load(str(folder))
                _sweep(folder)
                return cls(shard, folder)
        except UserError:
            raise
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
        shard: edge.EdgeShard = self._open_shard
        return shard

    @property
    def revision(self) -> int:
        """A number that changes whenever vectors do."""
        return self._revision

    def upsert(self, batch: Batch) -> None:
        """Insert points, replacing those whose id exists."""
        leave_room(self._folder, 8 * batch.dense.size)
        self._update(edge.UpdateOperation.upsert_points(to_points(batch)), len(batch.ids))
        self._revision += 1

    def delete(self, ids: Sequence[str]) -> None:
        """Remove points; ids that are not there are passed over."""
        self._update(edge.UpdateOperation.delete_points(list(ids)), len(ids))
        self._revision += 1

    def set_payload(self, ids: Sequence[str], payload: Mapping[str, Any]) -> None:
        """Set the given payload fields on points; ids that are not there are passed over."""
        for start in range(0, len(ids), POINTS_A_TURN):
            some = HasId(tuple(ids[start : start + POINTS_A_TURN]))
            where = edge.Filter(must=[to_condition(some)])
            change = edge.UpdateOperation.set_payload_by_filter(where, dict(payload))
            self._update(change, len(some.ids))
            time.sleep(0)  # others' turn

    def set_payloads(self, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        """Likewise, but every point, by its id, has fields of its own."""
        for id_, payload in payloads.items():
            self.set_payload([id_], payload)

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
        """How many points pass the filter, exactly; counted once until something is written."""
        parts = [] if filter is None else conjuncts(filter)
        return self._remembered(f"all {parts}", lambda: self._count(parts))

    def estimate(self, filter: Filter | None = None) -> int:  # noqa: A002
        """How many points pass a filter, by the lengths of its lists.

        Exact for one value; where several must hold, as if they were independent: "dog AND ball"
        may be three times as many. Counting takes half a microsecond for each point on a list.
        """
        return self._shard.count(edge.CountRequest(exact=False, filter=to_filter(filter)))

    def _remembered(self, key: str, count: Callable[[], int]) -> int:
        counts = self._counts
        if key not in counts:  # as text, for to `==` 1 is True
            if len(counts) >= COUNTS_KEPT:
                counts.clear()
            counts[key] = count()
        return counts[key]

    def _count(self, parts: list[Filter]) -> int:
        if not parts:
            return self._shard.info().points_count
        if all(isinstance(part, Not) for part in parts):
            # Counting what is asked for takes a list of points; what is left, a look at each.
            present = Or(tuple(part.part for part in parts if isinstance(part, Not)))
            return self.count() - self.count(present)
        return self._passing(to_filter(And(tuple(parts))))

    def _passing(self, *conditions: Any) -> int:
        passing = edge.Filter(must=list(conditions))
        return self._shard.count(edge.CountRequest(exact=True, filter=passing))

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

    def optimize(self, ann: Ann = "auto") -> None:
        """Build what makes queries fast (HNSW, merged segments); blocks until done.

        Below `SMALL` images "auto" leaves all as it is.
        """
        points = self._shard.info().points_count
        if ann == "auto" and points < SMALL:
            return
        dim = self._dim()
        leave_room(self._folder, size(self._folder))  # old and new lie side by side
        self.close()
        config = edge_config(dim, chosen(ann, points), points)
        with translate_errors(self._folder):
            integrity.remove(self._folder)
            shard = edge.EdgeShard.load(str(self._folder), config)
        self._open_shard = _Explaining(shard, self._folder)
        self._shard.optimize()

    def wants_optimizing(self) -> bool:
        """Whether a good part of a large collection is not in the graph yet."""
        info = self._shard.info()
        # Sparse vectors count as indexed from the start.
        left = 2 * info.points_count - info.indexed_vectors_count
        return info.points_count >= SMALL and left > max(SMALL, info.points_count // 10)

    def _update(self, operation: edge.UpdateOperation, points: int) -> None:
        leave_room(self._folder, _BYTES_A_POINT * points)
        self._shard.update(operation)
        self._unflushed += points
        if self._unflushed >= POINTS_A_FLUSH:
            self._shard.flush()
            self._unflushed = 0
        self._counts = {}  # a new one: a count under way in another thread keeps to the old

    def _dim(self) -> int:
        config = json.loads((self._folder / CONFIG).read_text())
        return int(config["vectors"][DENSE]["size"])

    def close(self) -> None:
        """Flush and release the folder; later calls fail, closing again does nothing.

        Where the disk has filled up the engine would die of writing what it has not flushed. Then
        it stays open until the process ends: as after a kill, its log has all of it.
        """
        shard, self._open_shard = self._open_shard, None
        if shard is None:
            return
        if self._unflushed:
            try:
                leave_room(self._folder, 0)
            except UserError:
                shard.strand()
                return
        shard.close()
        integrity.write(self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Explaining:
    """A shard whose troubles with the system reach the user as one line."""

    def __init__(self, shard: edge.EdgeShard, folder: Path) -> None:
        self._shard = shard
        self._folder = folder

    def strand(self) -> None:
        """Never let go of the shard, not even as Python ends: it would flush."""
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._shard))

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._shard, name)

        def call(*arguments: Any) -> Any:
            with translate_errors(self._folder):
                return method(*arguments)

        return call


def _sweep(folder: Path) -> None:
    """Remove what was left by builds that were killed, of a folder that we alone have open."""
    for left in (folder / "temp_segments").glob("*"):
        shutil.rmtree(left)


def _holds_shard(folder: Path) -> bool:
    return (folder / CONFIG).is_file()
