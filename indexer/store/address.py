"""Addresses of indexes: a folder, or a collection of a Qdrant server."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from splicedex.splice.errors import UserError

COLLECTION = "splicedex"
"""The default collection of a server."""


@dataclass(frozen=True)
class Folder:
    """An index folder.

    Args:
        path: Path of the folder. It need not exist.
        wait: Seconds to wait for another process to release it, wherever it is opened.
    """

    path: Path
    wait: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class Collection:
    """A collection of a Qdrant server. Its files are in another collection, `NAME.files`.

    Args:
        url: URL of the server, such as `http://qdrant:6333`.
        name: Name of the collection. It need not exist.
        api_key: API key of a server that requires one.
        shards: Number of shards of a new collection; None for the server's default.
        replicas: Number of nodes that hold a copy of each shard; None for the server's default.
    """

    url: str
    name: str = COLLECTION
    api_key: str | None = field(default=None, repr=False)
    shards: int | None = None
    replicas: int | None = None

    def __str__(self) -> str:
        return f"{self.url}/{self.name}"


Address: TypeAlias = Folder | Collection


def address_of(index: Address | Path) -> Address:
    """Return an address; a path becomes the address of a folder."""
    return Folder(index) if isinstance(index, Path) else index


def parse_address(text: str | None, url: str | None = None, api_key: str | None = None) -> Address:
    """Parse the address of an index.

    Args:
        text: A folder, the name of a collection if there is a `url`, or both in one as
            `http://qdrant:6333/photos`.
        url: URL of a server.
        api_key: API key of the server.

    Raises:
        UserError: No index is named, or the URL or name is not valid.
    """
    if url is None and text is not None and text.startswith(("http://", "https://")):
        whole = urlsplit(text.rstrip("/"))
        above, _, text = whole.path.rpartition("/")
        url = f"{whole.scheme}://{whole.netloc}{above}"
    if url is None:
        if not text:
            raise UserError(
                "no index is named", "add --index FOLDER, or --url and the name of a collection"
            )
        return Folder(Path(text))
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UserError(f"{url} is not the URL of a server", "write it as http://qdrant:6333")
    name = text or COLLECTION
    if "/" in name or name.endswith(".files"):
        raise UserError(f"{name} cannot be the name of a collection", "choose another --index")
    return Collection(url.rstrip("/"), name, api_key)


def sharded(address: Address, shards: int | None, replicas: int | None) -> Address:
    """An address with the numbers of --shards and --replicas.

    Args:
        address: The address of the index.
        shards: Number of shards; None for the server's default.
        replicas: Number of copies of each shard; None for the server's default.

    Raises:
        UserError: One of them is given for a folder.
    """
    if isinstance(address, Collection):
        return replace(address, shards=shards, replicas=replicas)
    if shards or replicas:
        raise UserError("a folder has no --shards or --replicas", "leave them out, or add --url")
    return address


def sibling(address: Address, text: str) -> Address:
    """The address of a second index, in one word; it uses the key of the first."""
    return parse_address(text, api_key=address.api_key if isinstance(address, Collection) else None)
