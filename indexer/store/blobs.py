"""Contents of files on a server, each in chunks: points without vectors."""

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
"""Bytes in one point."""
CHUNKS_A_REQUEST = 8
_DATA = "data"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a content is.

    Args:
        key: A UUID that the ids of its chunks follow from.
        size: In bytes.
        sha256: Of the content, as hexadecimal digits.
    """

    key: str
    size: int
    sha256: str

    @property
    def chunks(self) -> list[str]:
        """Ids of its chunks, in order."""
        key = uuid.UUID(self.key)
        return [str(uuid.uuid5(key, str(start))) for start in range(0, self.size, CHUNK)]


class Contents:
    """Contents in a collection, which holds other points besides.

    Args:
        connection: To the server.
        collection: Its name.
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
        """A content; None if it is not there any more, or not as it was put."""
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
        """Remove a content."""
        if entry.chunks:
            chunks = models.PointIdsList(points=list(entry.chunks))
            self._connection.ask(lambda client: client.delete(self._collection, chunks))


def sha256(content: bytes) -> str:
    """As hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def _parts(whole: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(whole), CHUNKS_A_REQUEST):
        yield whole[start : start + CHUNKS_A_REQUEST]
