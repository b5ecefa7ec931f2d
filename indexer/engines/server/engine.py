"""A Qdrant server: the engine of collections that many machines share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self, TypeVar

from qdrant_client import QdrantClient, models

from splicedex.indexer.engines.base import Batch, FieldKind
from splicedex.indexer.engines.convert import payload_fields, to_hit, vector_names
from splicedex.indexer.engines.query import DENSE, SPARSE, Filter, HasId, Hit, Query, Scalar
from splicedex.indexer.engines.server.connection import Connection, create_collection
from splicedex.indexer.engines.server.convert import to_condition, to_filter, to_points, to_request
from splicedex.splice.errors import UserError

POINTS_A_REQUEST = 512
"""At 768 dimensions some 8 MB of JSON, where a server takes 32 MB."""

_INDEXES: dict[FieldKind, Any] = {
    "keyword": models.PayloadSchemaType.KEYWORD,
    "integer": models.PayloadSchemaType.INTEGER,
    "float": models.PayloadSchemaType.FLOAT,
    "lookup": models.IntegerIndexParams(
        type=models.IntegerIndexType.INTEGER, lookup=True, range=False
    ),
}

T = TypeVar("T")


class ServerEngine:
    """An `indexer.engines.base.Engine` over one collection of a server.

    Dense vectors are stored normalised, so they come back as unit vectors.

    Args:
        connection: To the server; closed with the engine.
        collection: Name of the collection.
    """

    def __init__(self, connection: Connection, collection: str) -> None:
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
        """Make an empty collection, unless one like it is there.

        Args:
            connection: As for the class.
            collection: Its name.
            dim: Size of the dense vectors.
            shards: How many parts it is cut into; None for the server's choice.
            replicas: On how many nodes each part lies; None likewise.

        Raises:
            UserError: A collection of that name is of another kind.
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
        """Size of the dense vectors; None for a collection of another kind than ours."""
        params = self._ask(lambda client, name: client.get_collection(name)).config.params
        if not isinstance(params.vectors, dict) or SPARSE not in (params.sparse_vectors or {}):
            return None
        return params.vectors[DENSE].size if DENSE in params.vectors else None

    @property
    def revision(self) -> None:
        """None: others write too."""
        return None

    def upsert(self, batch: Batch) -> None:
        """Insert points, replacing those whose id exists."""
        for start in range(0, len(batch.ids), POINTS_A_REQUEST):
            self._write(to_points(batch, start, start + POINTS_A_REQUEST))

    def _write(self, points: models.Batch) -> None:
        self._ask(lambda client, name: client.upsert(name, points, wait=True), bulk=True)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove points; ids that are not there are passed over."""
        self._ask(lambda client, name: client.delete(name, _only(ids), wait=True))

    def set_payload(self, ids: Sequence[str], payload: Mapping[str, Any]) -> None:
        """Set the given payload fields on points; ids that are not there are passed over."""
        self._ask(
            lambda client, name: client.set_payload(name, dict(payload), _only(ids), wait=True)
        )

    def set_payloads(self, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        """Likewise, but every point, by its id, has fields of its own; one request for all."""
        changes = [
            models.SetPayloadOperation(
                set_payload=models.SetPayload(payload=dict(payload), filter=_only([id_]))
            )
            for id_, payload in payloads.items()
        ]
        if changes:
            self._ask(lambda client, name: client.batch_update_points(name, changes, wait=True))

    def query(self, query: Query) -> list[Hit]:
        """Answer one query, best first."""
        return self.query_batch([query])[0]

    def query_batch(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer several queries as one request, in their order."""
        answers = self._ask(
            lambda client, name: client.query_batch_points(name, list(map(to_request, queries)))
        )
        return [
            [to_hit(point, point.score if query.ranking else 0.0) for point in answer.points]
            for query, answer in zip(queries, answers, strict=True)
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
        records = self._ask(
            lambda client, name: client.retrieve(
                name,
                list(ids),
                with_payload=payload_fields(with_payload),
                with_vectors=vector_names(with_dense, with_concepts),
            ),
            bulk=with_dense,
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

        def fetch(start: Any) -> tuple[list[models.Record], Any]:
            return self._ask(
                lambda client, name: client.scroll(
                    name,
                    scroll_filter=to_filter(filter),
                    limit=page,
                    offset=start,
                    with_payload=payload_fields(with_payload),
                    with_vectors=vector_names(with_dense, with_concepts),
                ),
                bulk=with_dense,
            )

        records, start = fetch(None)
        yield from map(to_hit, records)
        while start is not None:
            records, start = fetch(start)
            yield from map(to_hit, records)

    def count(self, filter: Filter | None = None) -> int:  # noqa: A002
        """How many points pass the filter, exactly."""
        return self._ask(
            lambda client, name: client.count(name, count_filter=to_filter(filter), exact=True)
        ).count

    def estimate(self, filter: Filter | None = None) -> int | None:  # noqa: A002
        """Never: asking costs as much as the query, which a server plans as well as we do."""
        return None

    def facet(
        self,
        key: str,
        *,
        filter: Filter | None = None,  # noqa: A002
        limit: int = 10,
    ) -> list[tuple[Scalar, int]]:
        """Most frequent values of an indexed field among what passes the filter, with counts.

        While the server optimises, counts may be off by the points it is moving; to have them
        exact then takes it hundreds of times longer.
        """
        answer = self._ask(
            lambda client, name: client.facet(
                name, key, facet_filter=to_filter(filter), limit=limit, exact=False
            )
        )
        return [(hit.value, hit.count) for hit in answer.hits]

    def create_index(self, key: str, kind: FieldKind) -> None:
        """Index a payload field for filtering and facets; again is harmless."""
        self._ask(
            lambda client, name: client.create_payload_index(name, key, _INDEXES[kind], wait=True)
        )

    def optimize(self) -> None:
        """Wait until the server, which optimises by itself, has done so."""
        # An update, even an empty one, wakes an optimiser that rests.
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
        """Ask the server for something about the collection."""
        return self._connection.ask(lambda client: request(client, self._collection), bulk=bulk)

    def close(self) -> None:
        """Release the connection; later calls fail, closing again does nothing."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _only(ids: Sequence[str]) -> models.Filter:
    return models.Filter(must=[to_condition(HasId(tuple(ids)))])
