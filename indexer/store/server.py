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


def remote_files(place: Collection) -> Files | None:
    """The files of an index, as they are now; None where there is no index.

    Raises:
        UserError: The server is away or refuses us.
    """
    with _connected(place) as connection:
        files = _files(connection, place)
        if not files.exist:
            return None
        files.refresh()
        return files


def open_remote(place: Collection) -> tuple[Files, Engine]:
    """The files and points of an index that exists.

    Raises:
        UserError: No index there, or the server is away or refuses us.
    """
    connection = _connect(place)
    try:
        files = _files(connection, place)
        files.refresh()
        return files, ServerEngine.open(connection, place.name)
    except BaseException:
        connection.close()
        raise


def create_remote(place: Collection, made: Path, dim: int) -> None:
    """Make an index without images; its files come last, so that it is whole once they are there.

    Args:
        place: Where.
        made: A folder with its files.
        dim: Size of the dense vectors.

    Raises:
        UserError: Something else is there, or the server is away or refuses us.
    """
    target = RemoteTarget(place, dim)
    with target.engine as engine:
        if engine.count():
            raise UserError(
                f"{place.url} already has a collection {place.name!r} that is not an index",
                "choose another name",
            )
        target.finish(made, Files(made).names())


class RemoteTarget:
    """A collection that is being filled, and is an index once it is finished.

    Args:
        place: Where.
        dim: Size of the dense vectors.

    Raises:
        UserError: Something else is there, or the server is away or refuses us.
    """

    def __init__(self, place: Collection, dim: int) -> None:
        self._place = place
        self._connection = _connect(place)
        self.engine: Engine = ServerEngine.create(
            self._connection, place.name, dim, shards=place.shards, replicas=place.replicas
        )

    def finish(self, files: Path, names: Iterable[str]) -> None:
        """Share the files of a folder."""
        shared = _files(self._connection, self._place)
        shared.create(files, names, replicas=self._place.replicas)


def _connect(place: Collection) -> Connection:
    return Connection(place.url, api_key=place.api_key)


@contextmanager
def _connected(place: Collection) -> Iterator[Connection]:
    connection = _connect(place)
    try:
        yield connection
    finally:
        connection.close()


def _files(connection: Connection, place: Collection) -> SharedFiles:
    mirror = hashlib.sha256(str(place).encode()).hexdigest()[:16]
    folder = cache_folder() / "indexes" / mirror
    return SharedFiles(connection, f"{place.name}.files", folder, str(place))
