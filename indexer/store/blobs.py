"""Binary contents on a server, stored in chunks: points without vectors."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from qdrant_client import models

from splicedex.indexer.engines.server.connection import Connection

CHUNK = 512 * 1024
"""Bytes per point."""
CHUNKS_A_REQUEST = 8
_DATA = "data"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a content is stored.

    Args:
        key: UUID from which the ids of the chunks are computed.
        size: Size of the content in bytes.
        sha256: SHA-256 of the content, in hexadecimal.
    """

    key: str
    size: int
    sha256: str

    @property
    def chunks(self) -> list[str]:
        """Ids of the chunks, in order."""
        key = uuid.UUID(self.key)
        return [str(uuid.uuid5(key, str(start))) for start in range(0, self.size, CHUNK)]


class Blobs:
    """Binary contents in a collection, which may hold other points too.

    Args:
        connection: Connection to the server.
        collection: Name of the collection.
    """

    def __init__(self, connection: Connection, collection: str) -> None:
        self._connection = connection
        self._collection = collection

    def put(self, content: bytes) -> Entry:
        """Store a content under a new key."""
        entry = Entry(str(uuid.uuid4()), len(content), sha256(content))
        data = [content[start : start + CHUNK] for start in range(0, len(content), CHUNK)]
        for some in _parts([*zip(entry.chunks, data, strict=True)]):
            self._write(some)
        return entry

    def get(self, entry: Entry) -> bytes | None:
        """Read a content; None if it is gone or damaged."""
        found: dict[str, str] = {}
        for some in _parts(entry.chunks):
            found |= self._read(some)
        try:
            content = b"".join(base64.b64decode(found[id_]) for id_ in entry.chunks)
        except (KeyError, ValueError):
            return None
        return content if sha256(content) == entry.sha256 else None

    def _write(self, chunks: Sequence[tuple[str, bytes]]) -> None:
        points = [
            models.PointStruct(id=id_, vector={}, payload={_DATA: base64.b64encode(data).decode()})
            for id_, data in chunks
        ]
        self._connection.ask(lambda client: client.upsert(self._collection, points, wait=True))

    def _read(self, ids: Sequence[str]) -> dict[str, str]:
        records = self._connection.ask(lambda client: client.retrieve(self._collection, ids))
        return {str(record.id): (record.payload or {}).get(_DATA, "") for record in records}

    def drop(self, entry: Entry) -> None:
        """Delete a content."""
        if entry.chunks:
            chunks = models.PointIdsList(points=list(entry.chunks))
            self._connection.ask(lambda client: client.delete(self._collection, chunks))


def sha256(content: bytes) -> str:
    """SHA-256 of a content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _parts(whole: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(whole), CHUNKS_A_REQUEST):
        yield whole[start : start + CHUNKS_A_REQUEST]
