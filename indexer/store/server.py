"""An index on a server: one collection with the points and one with the files.

Importing this module imports `qdrant_client`, which takes most of a second: do so only where a
server is used.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from splicedex.indexer.engines.base import Ann, Engine
from splicedex.indexer.engines.server.connection import Connection
from splicedex.indexer.engines.server.engine import ServerEngine
from splicedex.indexer.store.address import Collection
from splicedex.indexer.store.base import Files, Store, Target
from splicedex.indexer.store.local_files import LocalFiles
from splicedex.indexer.store.manifest import Manifest
from splicedex.indexer.store.remote_files import RemoteFiles
from splicedex.indexer.store.state import write_files
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.download import cache_folder
from splicedex.splice.errors import UserError


class ServerStore(Store):
    """An index on a server, with any number of clients.

    Args:
        collection: Address of the collection with the points.
    """

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection)
        self._collection = collection

    def files(self) -> RemoteFiles | None:
        """The files of the index, up to date; None where there is no index.

        Raises:
            UserError: The server does not answer, or refuses the request.
        """
        connection = self._connect()
        try:
            files = self._files(connection)
            if not files.exist:
                return None
            files.refresh()
            return files
        finally:
            connection.close()

    def lock(self, *, wait: float = 0.0) -> AbstractContextManager[None]:
        """Keep nobody out: a server orders the writes of its clients."""
        return nullcontext()

    @contextmanager
    def open(self, *, wait: float = 0.0) -> Iterator[tuple[Files, Engine]]:
        """Connect to the server; the connection ends with the context.

        Raises:
            UserError: There is no index, or the server does not answer or refuses the request.
        """
        connection = self._connect()
        try:
            files = self._files(connection)
            files.refresh()
            yield files, ServerEngine.open(connection, self._collection.name)
        finally:
            connection.close()

    def create(self, manifest: Manifest, space: ConceptSpace, lexicon: Lexicon) -> None:
        """Make an index without images. It exists as soon as its files are there.

        Raises:
            UserError: The server has another collection of that name, does not answer, or refuses
                the request.
        """
        address = self._collection
        with tempfile.TemporaryDirectory() as made:
            write_files(Path(made), manifest, space, lexicon)
            with self.fill(manifest.dim) as target:
                if target.engine.count():
                    raise UserError(
                        f"{address.url} already has a collection {address.name!r} that is not an "
                        "index",
                        "choose another name",
                    )
                target.finish(LocalFiles(Path(made)), manifest.ann)

    @contextmanager
    def fill(self, dim: int) -> Iterator[Target]:
        """Start an index to which points are written first, or continue one.

        Args:
            dim: Dimension d of the dense vectors.

        Raises:
            UserError: The server has another collection of that name, does not answer, or refuses
                the request.
        """
        address, connection = self._collection, self._connect()
        try:
            engine = ServerEngine.create(
                connection, address.name, dim, shards=address.shards, replicas=address.replicas
            )
            yield _ServerTarget(engine, self._files(connection), address.replicas)
        finally:
            connection.close()

    def _connect(self) -> Connection:
        return Connection(self._collection.url, api_key=self._collection.api_key)

    def _files(self, connection: Connection) -> RemoteFiles:
        mirror = hashlib.sha256(str(self).encode()).hexdigest()[:16]
        folder = cache_folder() / "indexes" / mirror
        return RemoteFiles(connection, f"{self._collection.name}.files", folder, str(self))


class _ServerTarget:
    """A collection that is being filled.

    Args:
        engine: Engine of the points.
        files: Files of the index, which do not exist yet.
        replicas: Number of nodes that hold a copy of the files; None for the server's default.
    """

    def __init__(self, engine: Engine, files: RemoteFiles, replicas: int | None) -> None:
        self.engine = engine
        self._files = files
        self._replicas = replicas

    def finish(self, files: Files, ann: Ann) -> None:
        """Share the files; the server optimizes the points in the background."""
        self._files.create(files, replicas=self._replicas)
