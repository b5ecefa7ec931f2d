"""Qdrant in this process: the engine of an index folder.

Qdrant Edge is the search core of the server as a library.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import qdrant_edge as edge

from splicedex.indexer.engines.base import Ann, Batch, FieldKind
from splicedex.indexer.engines.edge import integrity
from splicedex.indexer.engines.edge.config import COMPACT, SMALL, chosen, edge_config
from splicedex.indexer.engines.edge.convert import EdgeCodec, to_points
from splicedex.indexer.engines.edge.kept_copy import KeptCopy
from splicedex.indexer.engines.edge.os_errors import leave_room, size, translate_errors
from splicedex.indexer.engines.edge.page_cache import (
    OPENING,
    by_point,
    by_value,
    column,
    read_ahead,
)
from splicedex.indexer.engines.edge.shard import Shard
from splicedex.indexer.engines.mapped.copy import MappedCopy
from splicedex.indexer.engines.mapped.snapshot import Snapshot
from splicedex.indexer.engines.qdrant import Parts, QdrantEngine
from splicedex.indexer.engines.query import (
    DENSE,
    And,
    Filter,
    HasId,
    Not,
    Or,
    Query,
    Scalar,
    conjuncts,
)
from splicedex.splice.errors import UserError

POINTS_A_FLUSH = 50_000
"""Points written between flushes.

Only a flush lets Edge truncate its write-ahead log. The log grows by 2 KB per point (512
dimensions). If the process was killed, the next opening replays it at 50 µs per point.
"""

POINTS_A_TURN = 128
"""Points whose payload is set before other threads may run.

Edge holds the interpreter lock while it works, here for 7 µs per point.
"""

CONFIG = "edge_config.json"
MAPPED = "mapped"
"""Folder of the mapped copy, in the folder of the engine."""
COUNTS_KEPT = 4096
_BYTES_A_POINT = 4096
"""Bytes of a point besides its dense vector, which is written twice: first to the log."""

# Cold payload indexes of an optimized shard are mapped instead of read: 50,000 points with 60
# integers each open in 0.1 s instead of 1.6 s, and answer as fast. Extra links in the graph for
# every value of a field (`enable_hnsw`) would make its building 20 times as long, because there
# are thousands of values.
_COLD: dict[str, Any] = {"memory": edge.Memory.Cold, "enable_hnsw": False}
_INDEXES: dict[FieldKind, Any] = {
    "keyword": edge.KeywordIndexParams(**_COLD),
    "integer": edge.IntegerIndexParams(lookup=True, range=True, **_COLD),
    "float": edge.FloatIndexParams(**_COLD),
    "bool": edge.BoolIndexParams(**_COLD),
    "lookup": edge.IntegerIndexParams(lookup=True, range=False, **_COLD),
}
_CODEC = EdgeCodec()


class EdgeEngine(QdrantEngine):
    """The engine of one folder, which it locks until it is closed.

    Dense vectors are stored normalised, so they come back as unit vectors.

    Args:
        shard: The open shard.
        folder: Its folder.
        copy: The mapped copy of its points, if there is one.
    """

    exclusive = True
    plans_searches = False

    def __init__(self, shard: edge.EdgeShard, folder: Path, copy: MappedCopy | None = None) -> None:
        super().__init__()
        self._open_shard: Shard | None = Shard(shard, folder)
        self._folder = folder
        self._copy = KeptCopy(folder / MAPPED, copy)
        self._unflushed = 0
        self._counts: dict[str, int] = {}
        self._preloaded: set[tuple[str, str]] = set()

    @classmethod
    def create(cls, folder: Path, dim: int) -> Self:
        """Make an empty collection.

        Args:
            folder: Made if missing.
            dim: Dimension d of the dense vectors.

        Raises:
            UserError: The folder holds a collection already.
        """
        if _holds_shard(folder):
            raise UserError(f"{folder} already holds an index", "open it, or choose another folder")
        folder.mkdir(parents=True, exist_ok=True)
        leave_room(folder, 0)
        with translate_errors(folder):
            shard = edge.EdgeShard.create(str(folder), edge_config(dim))
            return cls(shard, folder, MappedCopy.create(folder / MAPPED, dim))

    @classmethod
    def open(cls, folder: Path, columns: Iterable[str] = ()) -> Self:
        """Open a collection that `create` made.

        Args:
            folder: Its folder.
            columns: Payload fields that will be filtered by: their indexes are read at once.

        Raises:
            UserError: There is no collection, it is damaged, or another process has it open.
        """
        if not _holds_shard(folder):
            raise UserError(f"{folder} holds no index", "check the path, or index something there")
        read_ahead(folder, [*OPENING, *map(column, columns)])
        integrity.check(folder)
        try:
            with translate_errors(folder):
                integrity.remove(folder)  # before the opening, which writes and may be killed
                shard = edge.EdgeShard.load(str(folder))
                _remove_unfinished(folder)
                return cls(shard, folder, MappedCopy.open(folder / MAPPED))
        except UserError:
            raise
        except Exception as error:  # the binding raises nothing narrower
            if "WouldBlock" not in str(error):
                raise
            raise UserError(
                f"another process holds the index in {folder}",
                "end that process, or ask it instead if it is a server",
            ) from error

    @classmethod
    def open_or_create(cls, folder: Path, dim: int) -> Self:
        """Open the collection in a folder; make an empty one where there is none.

        Args:
            folder: Made if missing.
            dim: Dimension d of the dense vectors of a new collection.

        Raises:
            UserError: The collection is damaged, or another process has it open.
        """
        return cls.open(folder) if _holds_shard(folder) else cls.create(folder, dim)

    @property
    def _shard(self) -> Shard:
        if self._open_shard is None:
            raise RuntimeError("the engine is closed")
        return self._open_shard

    @property
    def mapped(self) -> Snapshot | None:
        """A copy of the points in mapped memory, up to date; None if there is none."""
        return self._copy.snapshot(self)

    def map_points(self, fields: Sequence[str]) -> None:
        """Make the mapped copy, if there is none.

        Args:
            fields: Payload fields of the kind "lookup" that filters on the copy may name.
        """
        if self.mapped is None:
            self._copy.make(self, self._dim(), fields)

    def upsert(self, batch: Batch) -> None:
        """Insert points. Points with the same ids are replaced."""
        leave_room(self._folder, 8 * batch.dense.size)
        operation = edge.UpdateOperation.upsert_points(to_points(batch))
        with self._copy.announced(batch.ids):
            self._update(operation, len(batch.ids))
        self._revision += 1

    def delete(self, ids: Sequence[str]) -> None:
        """Delete points. Unknown ids are ignored."""
        with self._copy.announced(ids):
            self._update(edge.UpdateOperation.delete_points(list(ids)), len(ids))
        self._revision += 1

    def set_payload(self, ids: Sequence[str], payload: Mapping[str, Any]) -> None:
        """Set the given payload fields on several points. Unknown ids are ignored."""
        for start in range(0, len(ids), POINTS_A_TURN):
            some = HasId(tuple(ids[start : start + POINTS_A_TURN]))
            where = edge.Filter(must=[_CODEC.condition(some)])
            change = edge.UpdateOperation.set_payload_by_filter(where, dict(payload))
            with self._copy.announced(some.ids, payload):
                self._update(change, len(some.ids))
            time.sleep(0)  # let other threads run

    def set_payloads(self, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        """Set payload fields that differ from point to point."""
        for id_, payload in payloads.items():
            self.set_payload([id_], payload)

    def _answers(self, queries: Sequence[Query]) -> list[list[edge.ScoredPoint]]:
        return self._shard.query_batch(edge.QueryBatchRequest(list(map(_CODEC.request, queries))))

    def _records(self, ids: list[str], parts: Parts) -> list[edge.Record]:
        return self._shard.retrieve(ids, parts.payload, parts.vectors)

    def _page(
        self, passing: Filter | None, start: Any, limit: int, parts: Parts
    ) -> tuple[list[edge.Record], Any]:
        return self._shard.scroll(
            edge.ScrollRequest(
                offset=start,
                limit=limit,
                filter=_CODEC.filter(passing),
                with_payload=parts.payload,
                with_vector=parts.vectors,
            )
        )

    def count(self, filter: Filter | None = None) -> int:  # noqa: A002
        """Return exactly how many points pass the filter; remembered until the next write."""
        parts = [] if filter is None else conjuncts(filter)
        return self._remembered(f"all {parts}", lambda: self._count(parts))

    def estimate(self, filter: Filter | None = None) -> int:  # noqa: A002
        """Return roughly how many points pass the filter, by the lengths of its posting lists.

        Exact for one value. Where several conditions must hold they are taken as independent: the
        true count of "dog AND ball" may be three times as large. An exact count takes half a
        microsecond for each point on a list.
        """
        return self._shard.count(edge.CountRequest(exact=False, filter=_CODEC.filter(filter)))

    def _remembered(self, key: str, count: Callable[[], int]) -> int:
        counts = self._counts
        if key not in counts:  # a text, because 1 == True
            if len(counts) >= COUNTS_KEPT:
                counts.clear()
            counts[key] = count()
        return counts[key]

    def _count(self, parts: list[Filter]) -> int:
        if not parts:
            return self._shard.info().points_count
        if all(isinstance(part, Not) for part in parts):
            # Counting what has a value reads its list; counting the rest looks at each point.
            present = Or(tuple(part.part for part in parts if isinstance(part, Not)))
            return self.count() - self.count(present)
        passing = _CODEC.filter(And(tuple(parts)))
        return self._shard.count(edge.CountRequest(exact=True, filter=passing))

    def facet(
        self,
        key: str,
        *,
        filter: Filter | None = None,  # noqa: A002
        limit: int = 10,
    ) -> list[tuple[Scalar, int]]:
        """Return the most frequent values of an indexed field among the points that pass."""
        # `exact` counts one value after the other: a second instead of milliseconds. It only
        # matters while points move between segments; at all other times these counts are exact.
        passing = _CODEC.filter(filter)
        request = edge.FacetRequest(key, limit=limit, exact=False, filter=passing)
        return [(hit.value, hit.count) for hit in self._shard.facet(request).hits]

    def create_index(self, key: str, kind: FieldKind) -> None:
        """Index a payload field for filters and facets. Does nothing if it is indexed already."""
        self._shard.update(edge.UpdateOperation.create_field_index(key, _INDEXES[kind]))
        if kind == "lookup" and self._copy.has_other_fields(key):
            self._copy.make(self, self._dim(), (key,))

    def preload(self, key: str, by: Literal["point", "value"]) -> None:
        """Read a part of a payload index as a whole, the first time."""
        if (key, by) not in self._preloaded:
            self._preloaded.add((key, by))
            read_ahead(self._folder, [by_point(key) if by == "point" else by_value(key)])

    def wants_optimizing(self, ann: Ann | None = None, built: Ann = "auto") -> bool:
        """Whether another method is asked for, or much was written since the last `optimize`.

        Args:
            ann: Method that the user asks for; None for the one in use.
            built: Method of the last `optimize`.
        """
        if ann is not None and ann != built:
            return True
        info = self._shard.info()
        # Sparse vectors count as indexed from the start.
        left = 2 * info.points_count - info.indexed_vectors_count
        points = info.points_count
        if points >= SMALL and built != "exact" and not self._has_graph():
            return True
        many = SMALL if points >= SMALL else COMPACT
        return points >= many and left > max(many, points // 10)

    def optimize(self, ann: Ann = "auto") -> None:
        """Build what makes queries fast (graph, merged segments). Returns when it is done.

        With "auto", a collection of less than `COMPACT` points is left as it is.
        """
        points = self._shard.info().points_count
        if ann == "auto" and points < COMPACT:
            return
        dim = self._dim()
        leave_room(self._folder, size(self._folder))  # old and new exist at the same time
        self.close()
        config = edge_config(dim, chosen(ann, points), points)
        with translate_errors(self._folder):
            integrity.remove(self._folder)
            shard = edge.EdgeShard.load(str(self._folder), config)
        self._open_shard = Shard(shard, self._folder)
        self._shard.optimize()

    def _update(self, operation: edge.UpdateOperation, points: int) -> None:
        leave_room(self._folder, _BYTES_A_POINT * points)
        self._shard.update(operation)
        self._unflushed += points
        if self._unflushed >= POINTS_A_FLUSH:
            self._copy.sync()
            self._shard.flush()
            self._unflushed = 0
            self._copy.update_if_long(self)
        self._counts = {}  # a new object: a count under way in another thread keeps the old one

    def _dim(self) -> int:
        return int(self._config()["vectors"][DENSE]["size"])

    def _has_graph(self) -> bool:
        return bool(self._config()["hnsw_config"]["m"])

    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = json.loads((self._folder / CONFIG).read_text())
        return config

    def close(self) -> None:
        """Flush and release the folder; later calls fail, closing again does nothing.

        Flushing to a full disk would end the process. Then the shard stays open until the process
        ends. No write is lost: as after a kill, the write-ahead log has all of them.
        """
        if self._open_shard is not None:
            self._copy.finish(self)
        shard, self._open_shard = self._open_shard, None
        if shard is None:
            return
        if self._unflushed:
            try:
                leave_room(self._folder, 0)
            except UserError:
                shard.leak()
                return
        shard.close()
        integrity.write(self._folder)


def _remove_unfinished(folder: Path) -> None:
    """Remove what killed builds left in a folder that no other process has open."""
    for left in (folder / "temp_segments").glob("*"):
        shutil.rmtree(left)


def _holds_shard(folder: Path) -> bool:
    return (folder / CONFIG).is_file()
