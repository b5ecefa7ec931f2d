"""The files of an index on a server, for every client: a collection beside that of the points.

One point, the catalogue, says which files there are; others hold their contents. Writing puts a
content that nobody knows of yet, then swaps the catalogue for one that names it, which the server
does only if it is still the one last read. So readers see whole files, the old or the new, and of
two writers the second notices the first.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from qdrant_client import QdrantClient, models

from splicedex.indexer.engines.server.connection import Connection, create_collection
from splicedex.indexer.store.blobs import Contents, Entry, sha256
from splicedex.indexer.store.local_files import Files, Write
from splicedex.splice.errors import UserError

ATTEMPTS = 5
"""Files that others replace while we read them are read anew as often as this."""
_CATALOGUE = "5f1e5c47-a106-5e00-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Which files there are.

    Args:
        version: Counts the swaps.
        writer: Of this version, unlike any other's.
        files: By name.
    """

    version: int
    writer: str
    files: Mapping[str, Entry]


class SharedFiles(Files):
    """The files of an index on a server, mirrored in a folder.

    Args:
        connection: To the server.
        collection: The collection with the files; it need not exist.
        folder: Where they are mirrored.
        origin: What the index is called in messages.
    """

    def __init__(self, connection: Connection, collection: str, folder: Path, origin: str) -> None:
        super().__init__(folder, origin)
        self._connection = connection
        self._collection = collection
        self._contents = Contents(connection, collection)
        self._catalogue = self._read()
        self._seen: Mapping[str, Entry] | None = None

    @property
    def exist(self) -> bool:
        """Whether there are any."""
        return self._catalogue is not None

    def create(self, made: Path, names: Iterable[str], *, replicas: int | None = None) -> None:
        """Share files of a folder, all at once, unless somebody has shared some by then.

        Args:
            made: The folder.
            names: Which.
            replicas: On how many nodes the collection lies.
        """
        create_collection(
            self._connection,
            self._collection,
            vectors_config={},
            shard_number=1,
            replication_factor=replicas,
        )
        self._swap({name: self._contents.put((made / name).read_bytes()) for name in names})

    def names(self) -> list[str]:
        """Its files, as paths relative to the folder."""
        return sorted(self._catalogue.files) if self._catalogue else []

    def save(self, name: str, write: Write) -> bool:
        """Replace a file for everybody.

        Returns:
            False if somebody else did so since it was last read here: now theirs is in the folder.
        """
        with tempfile.TemporaryDirectory() as scratch:
            made = Path(scratch) / Path(name).name
            write(made)
            content = made.read_bytes()
        known, entry = self._entry(name), self._contents.put(content)
        while not self._swap({name: entry}):
            if self._entry(name) != known:
                self._contents.drop(entry)
                self._fetch()
                return False
        self._mirror(name, content)
        if known is not None:
            self._contents.drop(known)
        return True

    def refresh(self) -> bool:
        """Fetch what others changed; says whether anything was, since this was last asked.

        Raises:
            UserError: The server is away, files are gone or damaged there, or cannot be kept here.
        """
        # Another process of this machine may have fetched it: the folder is for all of them.
        fetched, now = self._fetch()
        seen, self._seen = self._seen, now
        return fetched or now != seen

    def _fetch(self) -> tuple[bool, Mapping[str, Entry]]:
        """Fetch what is not here; says whether anything was not, and what there is."""
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
                content = self._contents.get(entry)
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
        """The catalogue as it is now."""

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
        """Put entries into the catalogue if it is the one last read; read it, and say if it was."""
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
                f"cannot keep {name} in {self.folder} ({error.strerror})",
                "set SPLICEDEX_CACHE to a folder you can write to",
            ) from error
