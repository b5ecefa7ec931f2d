"""The files of an index on a server, in a collection of their own, shared by all clients.

One point, the catalogue, lists the files; other points hold their contents. To write a file, a
client first stores the content under a new key, then replaces the catalogue by one that lists this
key. The server replaces the catalogue only if it is still the version that the client last read.
So readers see whole files, the old or the new one, and of two writers the second notices the first.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from qdrant_client import QdrantClient, models

from splicedex.indexer.engines.server.connection import Connection, create_collection
from splicedex.indexer.store.base import Files, Write
from splicedex.indexer.store.blobs import Blobs, Entry, sha256
from splicedex.splice.errors import UserError

ATTEMPTS = 5
"""How often to try to read files that other clients keep replacing."""
_CATALOGUE = "5f1e5c47-a106-5e00-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The list of files.

    Args:
        version: Number of times that the catalogue was replaced.
        writer: Random id of the write that made this version.
        files: Entry of each file, by name.
    """

    version: int
    writer: str
    files: Mapping[str, Entry]


class RemoteFiles(Files):
    """The files of an index on a server, mirrored in a local folder.

    Args:
        connection: Connection to the server.
        collection: Collection of the files. It need not exist.
        folder: Local folder of the mirror.
        origin: What messages call the index.
    """

    def __init__(self, connection: Connection, collection: str, folder: Path, origin: str) -> None:
        super().__init__(folder, origin)
        self._connection = connection
        self._collection = collection
        self._blobs = Blobs(connection, collection)
        self._catalogue = self._read()
        self._seen: Mapping[str, Entry] | None = None

    @property
    def exist(self) -> bool:
        """Whether the server has the files of an index."""
        return self._catalogue is not None

    def create(self, files: Files, *, replicas: int | None = None) -> None:
        """Share files, all at once, unless another client has shared some by then.

        Args:
            files: The files to share.
            replicas: Number of nodes that hold a copy; None for the server's default.
        """
        create_collection(
            self._connection,
            self._collection,
            vectors_config={},
            shard_number=1,
            replication_factor=replicas,
        )
        self._swap({name: self._blobs.put(files.read(name)) for name in files.names()})

    def names(self) -> list[str]:
        """List the files, as paths relative to the folder."""
        return sorted(self._catalogue.files) if self._catalogue else []

    def save(self, name: str, write: Write) -> bool:
        """Replace a file for all clients, unless another client replaced it first.

        Returns:
            Whether the file was replaced. If not, the folder now holds the other client's file.
        """
        with tempfile.TemporaryDirectory() as scratch:
            made = Path(scratch) / Path(name).name
            write(made)
            content = made.read_bytes()
        known, entry = self._entry(name), self._blobs.put(content)
        while not self._swap({name: entry}):
            if self._entry(name) != known:
                self._blobs.drop(entry)
                self._fetch()
                return False
        self._mirror(name, content)
        if known is not None:
            self._blobs.drop(known)
        return True

    def refresh(self) -> bool:
        """Fetch files that other clients changed.

        Returns:
            Whether there were any since the last call.

        Raises:
            UserError: The server does not answer, files are gone or damaged there, or they cannot
                be written to the mirror.
        """
        # Another process of this machine may have fetched them: they share the folder.
        fetched, now = self._fetch()
        seen, self._seen = self._seen, now
        return fetched or now != seen

    def _fetch(self) -> tuple[bool, Mapping[str, Entry]]:
        """Fetch missing files. Returns whether there were any, and all entries."""
        fetched = False
        for _ in range(ATTEMPTS):
            self._catalogue = self._read()
            if self._catalogue is None:
                raise UserError(f"{self.origin} holds no index", "check the name, or index anew")
            lost = []
            for name, entry in self._catalogue.files.items():
                if self._mirrored(name) == entry.sha256:
                    continue
                fetched = True
                content = self._blobs.get(entry)
                if content is None:
                    lost.append(name)
                else:
                    self._mirror(name, content)
            if not lost:
                return fetched, self._catalogue.files
        raise UserError(
            f"{', '.join(lost)} of {self.origin} is damaged on the server",
            "restore a snapshot of it, or index anew under another name",
        )

    def _entry(self, name: str) -> Entry | None:
        return self._catalogue.files.get(name) if self._catalogue else None

    def _read(self) -> Catalogue | None:
        """Read the current catalogue."""

        def read(client: QdrantClient) -> list[models.Record]:
            if not client.collection_exists(self._collection):
                return []
            return client.retrieve(self._collection, [_CATALOGUE])

        records = self._connection.ask(read)
        if not records:
            return None
        payload = records[0].payload or {}
        files = {name: Entry(**entry) for name, entry in payload["files"].items()}
        return Catalogue(payload["version"], payload["writer"], files)

    def _swap(self, entries: Mapping[str, Entry]) -> bool:
        """Add entries to the catalogue if it is the version last read. Returns whether it was."""
        last = self._catalogue or Catalogue(0, "", {})
        now = Catalogue(last.version + 1, str(uuid.uuid4()), {**last.files, **entries})
        point = models.PointStruct(id=_CATALOGUE, vector={}, payload=asdict(now))
        match = models.MatchValue(value=last.version)
        unchanged = models.Filter(must=[models.FieldCondition(key="version", match=match)])
        self._connection.ask(
            lambda client: client.upsert(
                self._collection, [point], wait=True, update_filter=unchanged
            )
        )
        self._catalogue = self._read()
        return self._catalogue is not None and self._catalogue.writer == now.writer

    def _mirrored(self, name: str) -> str | None:
        try:
            return sha256((self.folder / name).read_bytes())
        except OSError:
            return None

    def _mirror(self, name: str, content: bytes) -> None:
        target = self.folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                part = Path(scratch) / target.name
                part.write_bytes(content)
                part.replace(target)
        except OSError as error:
            raise UserError(
                f"cannot write {name} to {self.folder} ({error.strerror})",
                "set SPLICEDEX_CACHE to a folder you can write to",
            ) from error
