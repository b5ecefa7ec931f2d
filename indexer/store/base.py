"""The interface of the places where an index can be stored: a folder, or a Qdrant server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeAlias

from splicedex.indexer.engines.base import Ann, Engine
from splicedex.indexer.store.address import Address
from splicedex.indexer.store.manifest import FILE, Manifest
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.space import ConceptSpace

Write: TypeAlias = Callable[[Path], None]
"""Writes a file to a path, either completely or not at all."""


class Files(ABC):
    """The files of an index: everything but its points.

    They are always readable in a local folder, which for a server is a mirror.

    Args:
        folder: The local folder.
        origin: What messages call the index.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        self.folder = folder
        self.origin = origin

    @abstractmethod
    def names(self) -> list[str]:
        """List the files, as paths relative to the folder."""

    def read(self, name: str) -> bytes:
        """Read a file."""
        return (self.folder / name).read_bytes()

    @abstractmethod
    def save(self, name: str, write: Write) -> bool:
        """Replace a file for all clients, unless another client replaced it first.

        Returns:
            Whether the file was replaced. If not, the folder now holds the other client's file.
        """

    @abstractmethod
    def refresh(self) -> bool:
        """Fetch files that other clients changed. Returns whether there were any."""


class Target(Protocol):
    """A store that is being filled. It holds an index once it is finished."""

    engine: Engine

    def finish(self, files: Files, ann: Ann) -> None:
        """Optimize the points, then add the files. From then on there is an index.

        Args:
            files: Files of the index to copy.
            ann: Nearest-neighbour method to build.
        """


class Store(ABC):
    """The place of one index: its files, its points, and who may write to them.

    Make one with `indexer.store.index.store_of`, once for each command.

    Args:
        address: Address of the index. There need not be an index yet.
    """

    def __init__(self, address: Address) -> None:
        self.address = address
        self._manifest: tuple[object, Manifest] | None = None

    def __str__(self) -> str:
        return str(self.address)

    @abstractmethod
    def files(self) -> Files | None:
        """The files of the index, up to date; None where there is no index.

        Raises:
            UserError: The server does not answer, or refuses the request.
        """

    def manifest(self) -> Manifest | None:
        """The manifest of the index; None where there is no index.

        Raises:
            UserError: The manifest is damaged or of another version, or the server does not answer.
        """
        files = self.files()
        return None if files is None else self.manifest_of(files)

    def manifest_of(self, files: Files) -> Manifest:
        """The manifest among the files of this index, read again only if it was replaced.

        Raises:
            UserError: There is no index, or its manifest is damaged or of another version.
        """
        version = _version(files.folder / FILE)
        if self._manifest is None or version is None or self._manifest[0] != version:
            self._manifest = version, Manifest.load(files.folder, str(self))
        return self._manifest[1]

    @abstractmethod
    def lock(self, *, wait: float = 0.0) -> AbstractContextManager[None]:
        """Keep out other processes, where the store has one writer at a time.

        Args:
            wait: Seconds to wait for another process to release the store.

        Raises:
            UserError: Another process holds the store.
        """

    @abstractmethod
    def open(self, *, wait: float = 0.0) -> AbstractContextManager[tuple[Files, Engine]]:
        """Lock the store and open the index; both end with the context.

        Args:
            wait: Seconds to wait for another process to release the store.

        Raises:
            UserError: There is no index, it is damaged, another process holds it, or the server
                does not answer.
        """

    @abstractmethod
    def create(self, manifest: Manifest, space: ConceptSpace, lexicon: Lexicon) -> None:
        """Make an index without images. It appears as a whole or not at all.

        Raises:
            UserError: The place holds something else, or the server does not answer.
        """

    @abstractmethod
    def fill(self, dim: int) -> AbstractContextManager[Target]:
        """Start an index to which points are written first, or continue one.

        Args:
            dim: Dimension d of the dense vectors.

        Raises:
            UserError: The place holds something else, or the server does not answer.
        """


def _version(file: Path) -> tuple[int, int, int] | None:
    """Changes whenever the file is replaced; None for no file."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
