"""A Qdrant server: the engine of collections that many machines share.

Importing this module imports `qdrant_client`, which takes most of a second: do so only once a
server is asked for.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from indexer.engine import Batch, FieldKind
from indexer.query import DENSE, SPARSE, Filter, HasId, Hit, Query, Scalar
from indexer.server_query import to_condition, to_filter, to_points, to_request
from indexer.wire import payload_fields, to_hit, vector_names
from splice.errors import UserError

OLDEST_SERVER = (1, 17)
"""The first to weight the parts of a fusion; older ones would leave the weights out silently."""
POINTS_A_REQUEST = 512
"""At 768 dimensions some 8 MB of JSON, where a server takes 32 MB."""
TIMEOUT = 60
"""Seconds an answer may take."""

_INDEXES: dict[FieldKind, Any] = {
    "keyword": models.PayloadSchemaType.KEYWORD,
    "integer": models.PayloadSchemaType.INTEGER,
    "float": models.PayloadSchemaType.FLOAT,
    "lookup": models.IntegerIndexParams(
        type=models.IntegerIndexType.INTEGER, lookup=True, range=False
    ),
}


class ServerEngine:
    """An `indexer.engine.Engine` over one collection of a server.

    Dense vectors are stored normalised, so they come back as unit vectors.

    Args:
        server: The server's URL, or a client, which stays open when the engine closes.
        collection: Name of the collection.
        api_key: Key of a server that asks for one.

    Raises:
        UserError: No server there, one too old, or one that refuses the key.
    """

    def __init__(
        self, server: str | QdrantClient, collection: str, *, api_key: str | None = None
    ) -> None:
        self._owned = isinstance(server, str)
        self._where = server if isinstance(server, str) else "the given client"
        self._client: QdrantClient | None = (
            QdrantClient(url=server, api_key=api_key, timeout=TIMEOUT, check_compatibility=False)
            if isinstance(server, str)
            else server
        )
        self._collection = collection
        with self._connected() as client:
            version = client.info().version
        if tuple(map(int, version.split(".")[:2])) < OLDEST_SERVER:
            oldest = ".".join(map(str, OLDEST_SERVER))
            raise UserError(
                f"{self._where} runs Qdrant {version}", f"upgrade it to {oldest} or later"
            )

    @classmethod
    def create(
        cls,
        server: str | QdrantClient,
        collection: str,
        dim: int,
        *,
        api_key: str | None = None,
    ) -> Self:
        """Make an empty collection.

        Args:
            server: As for the class.
            collection: Its name.
            dim: Size of the dense vectors.
            api_key: As for the class.

        Raises:
            UserError: As for the class, or the collection exists already.
        """
        engine = cls(server, collection, api_key=api_key)
        with engine._connected() as client:
            if client.collection_exists(collection):
                raise UserError(
                    f"{engine._where} already has a collection {collection!r}",
                    "open it, or choose another name",
                )
            client.create_collection(
                collection,
                vectors_config={
                    DENSE: models.VectorParams(size=dim, distance=models.Distance.COSINE)
                },
                sparse_vectors_config={SPARSE: models.SparseVectorParams()},
            )
        return engine

    @classmethod
    def open(
        cls, server: str | QdrantClient, collection: str, *, api_key: str | None = None
    ) -> Self:
        """Open a collection that `create` made.

        Raises:
            UserError: As for the class, or there is no such collection.
        """
        engine = cls(server, collection, api_key=api_key)
        with engine._connected() as client:
            if not client.collection_exists(collection):
                raise UserError(
                    f"{engine._where} has no collection {collection!r}",
                    "check the name, or index something into it",
                )
        return engine

    @contextmanager
    def _connected(self) -> Iterator[QdrantClient]:
        if self._client is None:
            raise RuntimeError("the engine is closed")
        try:
            yield self._client
        except ResponseHandlingException as error:
            raise UserError(
                f"no Qdrant server answers at {self._where} ({error.source})",
                "start it, or correct the URL",
            ) from error
        except UnexpectedResponse as error:
            if error.status_code not in (401, 403):
                raise
            raise UserError(f"{self._where} refuses the API key", "give one it accepts") from error

    def upsert(self, batch: Batch) -> None:
        """Insert points, replacing those whose id exists."""
        for start in range(0, len(batch.ids), POINTS_A_REQUEST):
            points = to_points(batch, start, start + POINTS_A_REQUEST)
            with self._connected() as client:
                client.upsert(self._collection, points, wait=True)

    def delete(self, ids: Sequence[str]) -> None:
        """Remove points; ids that are not there are passed over."""
        with self._connected() as client:
            client.delete(self._collection, _only(ids), wait=True)

    def set_payload(self, ids: Sequence[str], payload: Mapping[str, Any]) -> None:
        """Set the given payload fields on points; ids that are not there are passed over."""
        with self._connected() as client:
            client.set_payload(self._collection, dict(payload), _only(ids), wait=True)

    def query(self, query: Query) -> list[Hit]:
        """Answer one query, best first."""
        return self.query_batch([query])[0]

    def query_batch(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer several queries as one request, in their order."""
        requests = [to_request(query) for query in queries]
        with self._connected() as client:
            answers = client.query_batch_points(self._collection, requests)
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
        with self._connected() as client:
            records = client.retrieve(
                self._collection,
                list(ids),
                with_payload=payload_fields(with_payload),
                with_vectors=vector_names(with_dense, with_concepts),
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
        start: Any = None
        while True:
            with self._connected() as client:
                records, start = client.scroll(
                    self._collection,
                    scroll_filter=to_filter(filter),
                    limit=page,
                    offset=start,
                    with_payload=payload_fields(with_payload),
                    with_vectors=vector_names(with_dense, with_concepts),
                )
            yield from map(to_hit, records)
            if start is None:
                return

    def count(self, filter: Filter | None = None) -> int:  # noqa: A002
        """How many points pass the filter, exactly."""
        with self._connected() as client:
            return client.count(self._collection, count_filter=to_filter(filter), exact=True).count

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
        with self._connected() as client:
            answer = client.facet(
                self._collection, key, facet_filter=to_filter(filter), limit=limit, exact=False
            )
        return [(hit.value, hit.count) for hit in answer.hits]

    def create_index(self, key: str, kind: FieldKind) -> None:
        """Index a payload field for filtering and facets; again is harmless."""
        with self._connected() as client:
            client.create_payload_index(self._collection, key, _INDEXES[kind], wait=True)

    def optimize(self) -> None:
        """Wait until the server, which optimises by itself, has done so."""
        with self._connected() as client:
            # An update, even an empty one, wakes an optimiser that rests.
            client.update_collection(
                self._collection, optimizers_config=models.OptimizersConfigDiff()
            )
            while client.get_collection(self._collection).status == models.CollectionStatus.YELLOW:
                time.sleep(0.2)

    def close(self) -> None:
        """Release the connection; later calls fail, closing again does nothing."""
        if self._client is not None and self._owned:
            self._client.close()
        self._client = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _only(ids: Sequence[str]) -> models.Filter:
    return models.Filter(must=[to_condition(HasId(tuple(ids)))])
