"""A Qdrant server: the engine of indexes that several machines share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Self, TypeVar

from qdrant_client import QdrantClient, models

from splicedex.indexer.engines.base import Ann, Batch, FieldKind
from splicedex.indexer.engines.qdrant import Parts, QdrantEngine
from splicedex.indexer.engines.query import DENSE, SPARSE, Filter, HasId, Query, Scalar
from splicedex.indexer.engines.server.connection import Connection, create_collection
from splicedex.indexer.engines.server.convert import ServerCodec, to_points
from splicedex.splice.errors import UserError

POINTS_A_REQUEST = 512
"""At 768 dimensions some 8 MB of JSON; the limit of a server is 32 MB."""

_INDEXES: dict[FieldKind, Any] = {
    "keyword": models.PayloadSchemaType.KEYWORD,
    "integer": models.PayloadSchemaType.INTEGER,
    "float": models.PayloadSchemaType.FLOAT,
    "bool": models.PayloadSchemaType.BOOL,
    "lookup": models.IntegerIndexParams(
        type=models.IntegerIndexType.INTEGER, lookup=True, range=False
    ),
}

_CODEC = ServerCodec()

T = TypeVar("T")


class ServerEngine(QdrantEngine):
    """The engine of one collection of a server.

    Dense vectors are stored normalised, so they come back as unit vectors.

    Args:
        connection: Connection to the server. It is closed with the engine.
        collection: Name of the collection.
    """

    exclusive = False
    plans_searches = True

    def __init__(self, connection: Connection, collection: str) -> None:
        super().__init__()
        self._connection = connection
        self._collection = collection

    @classmethod
    def create(
        cls,
        connection: Connection,
        collection: str,
        dim: int,
        *,
        shards: int | None = None,
        replicas: int | None = None,
    ) -> Self:
        """Make an empty collection, unless there is a collection with the same vectors.

        Args:
            connection: Connection to the server. It is closed with the engine.
            collection: Name of the collection.
            dim: Dimension d of the dense vectors.
            shards: Number of shards; None for the server's default.
            replicas: Number of nodes that hold a copy of each shard; None for the server's default.

        Raises:
            UserError: A collection of that name has other vectors.
        """
        create_collection(
            connection,
            collection,
            vectors_config={DENSE: models.VectorParams(size=dim, distance=models.Distance.COSINE)},
            sparse_vectors_config={SPARSE: models.SparseVectorParams()},
            shard_number=shards,
            replication_factor=replicas,
        )
        engine = cls(connection, collection)
        if engine.dim != dim:
            raise UserError(
                f"{connection.url} already has another collection {collection!r}",
                "choose another name",
            )
        return engine

    @classmethod
    def open(cls, connection: Connection, collection: str) -> Self:
        """Open a collection that `create` made.

        Raises:
            UserError: There is no such collection.
        """
        if not connection.ask(lambda client: client.collection_exists(collection)):
            raise UserError(
                f"{connection.url} has no collection {collection!r}",
                "check the name, or index something into it",
            )
        return cls(connection, collection)

    @property
    def dim(self) -> int | None:
        """Dimension d of the dense vectors; None for a collection that is not an index."""
        params = self._ask(lambda client, name: client.get_collection(name)).config.params
        if not isinstance(params.vectors, dict) or SPARSE not in (params.sparse_vectors or {}):
            return None
        return params.vectors[DENSE].size if DENSE in params.vectors else None

    def upsert(self, batch: Batch) -> None:
        """Insert points. Points with the same ids are replaced."""
        for start in range(0, len(batch.ids), POINTS_A_REQUEST):
            self._write(to_points(batch, start, start + POINTS_A_REQUEST))
        self._revision += 1

    def _write(self, points: models.Batch) -> None:
        self._ask(lambda client, name: client.upsert(name, points, wait=True), bulk=True)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete points. Unknown ids are ignored."""
        self._ask(lambda client, name: client.delete(name, _only(ids), wait=True))
        self._revision += 1

    def set_payload(self, ids: Sequence[str], payload: Mapping[str, Any]) -> None:
        """Set the given payload fields on several points. Unknown ids are ignored."""
        self._ask(
            lambda client, name: client.set_payload(name, dict(payload), _only(ids), wait=True)
        )

    def set_payloads(self, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        """Set payload fields that differ from point to point, in one request."""
        changes = [
            models.SetPayloadOperation(
                set_payload=models.SetPayload(payload=dict(payload), filter=_only([id_]))
            )
            for id_, payload in payloads.items()
        ]
        if changes:
            self._ask(lambda client, name: client.batch_update_points(name, changes, wait=True))

    def _answers(self, queries: Sequence[Query]) -> list[list[models.ScoredPoint]]:
        requests = list(map(_CODEC.request, queries))
        answers = self._ask(lambda client, name: client.query_batch_points(name, requests))
        return [answer.points for answer in answers]

    def _records(self, ids: list[str], parts: Parts) -> list[models.Record]:
        return self._ask(
            lambda client, name: client.retrieve(
                name, ids, with_payload=parts.payload, with_vectors=parts.vectors
            ),
            bulk=parts.dense,
        )

    def _page(
        self, passing: Filter | None, start: Any, limit: int, parts: Parts
    ) -> tuple[list[models.Record], Any]:
        return self._ask(
            lambda client, name: client.scroll(
                name,
                scroll_filter=_CODEC.filter(passing),
                limit=limit,
                offset=start,
                with_payload=parts.payload,
                with_vectors=parts.vectors,
            ),
            bulk=parts.dense,
        )

    def count(self, filter: Filter | None = None) -> int:  # noqa: A002
        """Return exactly how many points pass the filter."""
        return self._count(filter, exact=True)

    def estimate(self, filter: Filter | None = None) -> int:  # noqa: A002
        """Return roughly how many points pass the filter, by the server's own estimate."""
        return self._count(filter, exact=False)

    def _count(self, passing: Filter | None, *, exact: bool) -> int:
        counted = _CODEC.filter(passing)
        return self._ask(
            lambda client, name: client.count(name, count_filter=counted, exact=exact)
        ).count

    def facet(
        self,
        key: str,
        *,
        filter: Filter | None = None,  # noqa: A002
        limit: int = 10,
    ) -> list[tuple[Scalar, int]]:
        """Return the most frequent values of an indexed field among the points that pass.

        While the server optimizes, counts may be wrong by the points that it moves. Exact counts
        would take it hundreds of times longer.
        """
        answer = self._ask(
            lambda client, name: client.facet(
                name, key, facet_filter=_CODEC.filter(filter), limit=limit, exact=False
            )
        )
        return [(hit.value, hit.count) for hit in answer.hits]

    def create_index(self, key: str, kind: FieldKind) -> None:
        """Index a payload field for filters and facets. Does nothing if it is indexed already."""
        self._ask(
            lambda client, name: client.create_payload_index(name, key, _INDEXES[kind], wait=True)
        )

    def preload(self, key: str, by: Literal["point", "value"]) -> None:
        """Do nothing: the server manages its own memory."""

    def wants_optimizing(self, ann: Ann | None = None, built: Ann = "auto") -> bool:
        """Return False: the server optimizes in the background, by its own configuration."""
        return False

    @property
    def mapped(self) -> None:
        """None: there is no copy of a server's points."""

    def map_points(self, fields: Sequence[str]) -> None:
        """Does nothing."""

    def optimize(self, ann: Ann = "auto") -> None:
        """Wait until the server, which optimizes in the background, has nothing left to do.

        Args:
            ann: Ignored: the configuration of the server's collection names the method.
        """
        # An update, even an empty one, starts an optimizer that has stopped.
        self._ask(
            lambda client, name: client.update_collection(
                name, optimizers_config=models.OptimizersConfigDiff()
            )
        )
        while (
            self._ask(lambda client, name: client.get_collection(name)).status
            == models.CollectionStatus.YELLOW
        ):
            time.sleep(0.2)

    def _ask(self, request: Callable[[QdrantClient, str], T], *, bulk: bool = False) -> T:
        """Send a request about the collection."""
        return self._connection.ask(lambda client: request(client, self._collection), bulk=bulk)

    def close(self) -> None:
        """Release the connection; later calls fail, closing again does nothing."""
        self._connection.close()


def _only(ids: Sequence[str]) -> models.Filter:
    return models.Filter(must=[_CODEC.condition(HasId(tuple(ids)))])
