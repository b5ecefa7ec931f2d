"""Indexes on a server: a collection with the points and one with the files.

Importing this module imports `qdrant_client`, which takes most of a second: do so only once a
server is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.server.connection import Connection
from splicedex.indexer.engines.server.engine import ServerEngine
from splicedex.indexer.store.address import Collection
from splicedex.indexer.store.local_files import Files
from splicedex.indexer.store.remote_files import SharedFiles
from splicedex.splice.download import cache_folder
from splicedex.splice.errors import UserError


def remote_files(address: Collection) -> Files | None:
    """The files of an index, as they are now; None where there is no index.

    Raises:
        UserError: The server is away or refuses us.
    """
    with _connected(address) as connection:
        files = _files(connection, address)
        if not files.exist:
            return None
        files.refresh()
        return files


def open_remote(address: Collection) -> tuple[Files, Engine]:
    """The files and points of an index that exists.

    Raises:
        UserError: No index there, or the server is away or refuses us.
    """
    connection = _connect(address)
    try:
        files = _files(connection, address)
        files.refresh()
        return files, ServerEngine.open(connection, address.name)
    except BaseException:
        connection.close()
        raise


def create_remote(address: Collection, made: Path, dim: int) -> None:
    """Make an index without images; its files come last, so that it is whole once they are there.

    Args:
        address: Where.
        made: A folder with its files.
        dim: Size of the dense vectors.

    Raises:
        UserError: Something else is there, or the server is away or refuses us.
    """
    target = RemoteTarget(address, dim)
    with target.engine as engine:
        if engine.count():
            raise UserError(
                f"{address.url} already has a collection {address.name!r} that is not an index",
                "choose another name",
            )
        target.finish(made, Files(made).names())


class RemoteTarget:
    """A collection that is being filled, and is an index once it is finished.

    Args:
        address: Where.
        dim: Size of the dense vectors.

    Raises:
        UserError: Something else is there, or the server is away or refuses us.
    """

    def __init__(self, address: Collection, dim: int) -> None:
        self._address = address
        self._connection = _connect(address)
        self.engine: Engine = ServerEngine.create(
            self._connection, address.name, dim, shards=address.shards, replicas=address.replicas
        )

    def finish(self, files: Path, names: Iterable[str]) -> None:
        """Share the files of a folder."""
        shared = _files(self._connection, self._address)
        shared.create(files, names, replicas=self._address.replicas)


def _connect(address: Collection) -> Connection:
    return Connection(address.url, api_key=address.api_key)


@contextmanager
def _connected(address: Collection) -> Iterator[Connection]:
    connection = _connect(address)
    try:
        yield connection
    finally:
        connection.close()


def _files(connection: Connection, address: Collection) -> SharedFiles:
    mirror = hashlib.sha256(str(address).encode()).hexdigest()[:16]
    folder = cache_folder() / "indexes" / mirror
    return SharedFiles(connection, f"{address.name}.files", folder, str(address))
