"""Where an index lives: in a folder, or in a collection of a Qdrant server."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from splicedex.splice.errors import UserError

COLLECTION = "splicedex"
"""The collection of a server that is meant where none is named."""


@dataclass(frozen=True)
class Folder:
    """An index folder.

    Args:
        path: It need not exist.
    """

    path: Path

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True)
class Collection:
    """A collection of a Qdrant server, and the one with its files, called `NAME.files`.

    Args:
        url: Of the server, as `http://qdrant:6333`.
        name: Of the collection; it need not exist.
        api_key: Of a server that asks for one.
        shards: How many parts a new collection is cut into; None for the server's choice.
        replicas: On how many nodes each part of a new collection lies; None likewise.
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
    """A path is the folder there."""
    return Folder(index) if isinstance(index, Path) else index


def parse_address(text: str | None, url: str | None = None, api_key: str | None = None) -> Address:
    """Where an index lives, as a user says it.

    Args:
        text: A folder, the name of a collection if there is a `url`, or both in one as
            `http://qdrant:6333/photos`.
        url: Of a server.
        api_key: Its key.

    Raises:
        UserError: Nothing is named, or something that cannot be.
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
