"""The interface of a source: it lists items cheaply, then embeds those that are needed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from splicedex.indexer.payload.columns import ColumnKind
from splicedex.indexer.sources.tables.table import ColumnFinding
from splicedex.splice.align import Matrix

T = TypeVar("T")

BLOCK = 1024
"""Images that are decomposed and written together: one engine call, a few MB."""
TRUNCATED = "truncated"
"""Column of the photos whose file lacks its end: true. Others do not have it."""


@dataclass(frozen=True, slots=True)
class Item:
    """An image as its source lists it, before it is read.

    Args:
        path: Name of the image in the index.
        number: Position of the image in the source.
        signature: Hash that changes when the image or its columns change.
        columns: The user's columns for the image.
    """

    path: str
    number: int
    signature: str
    columns: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """Images that were read. Row i of `embeddings` and entry i of `facts` belong to item i.

    Args:
        items: n items.
        embeddings: Image embeddings (n, d).
        facts: Payload fields read from each image, such as its content hash and size.
        skipped: Images that could not be read, as pairs of path and reason.
    """

    items: Sequence[Item]
    embeddings: Matrix
    facts: Sequence[dict[str, Any]]
    skipped: Sequence[tuple[str, str]] = ()


class Source(Protocol):
    """A set of images to index."""

    @property
    def kinds(self) -> Mapping[str, ColumnKind]:
        """The user's columns to index for filtering, with the kind of each."""

    def findings(self) -> Sequence[ColumnFinding]:
        """What the user's columns were taken for."""

    @property
    def precomputed(self) -> bool:
        """Whether the embeddings exist already, so that reading some twice is cheap."""

    @property
    def names(self) -> Sequence[str]:
        """Names of all images in the index, in the order of their numbers."""

    def __len__(self) -> int: ...

    def items(self, numbers: Iterable[int] | None = None) -> Iterator[Item]:
        """List images.

        Args:
            numbers: Numbers of the images, in the order to list them; by default all images.
        """

    def embed(self, items: Iterable[Item]) -> Iterator[Block]:
        """Read and embed images, in their order.

        Args:
            items: Items of this source.

        Raises:
            UserError: The encoder cannot be loaded.
        """

    def content_hashes(self, items: Sequence[Item]) -> list[str | None]:
        """Hashes of the content of images, as `content_hash` among their facts; None if unreadable.

        Args:
            items: n items of this source.
        """

    def facts(self, item: Item, known: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of an image whose content is in the index already.

        Args:
            item: An item of this source.
            known: Payload of an image with the same content.
        """

    def covers(self, path: str) -> bool:
        """Whether this source would list an image if it still existed.

        Args:
            path: Name of an image in the index.
        """


def signature(content: bytes, columns: Mapping[str, Any]) -> str:
    """Hash the content and the columns of an image.

    Args:
        content: The content, or bytes that change with it.
        columns: The user's columns.

    Returns:
        32 hexadecimal digits.
    """
    digest = hashlib.blake2b(content, digest_size=16)
    digest.update(json.dumps(columns, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def blocks(items: Iterable[T], size: int = BLOCK) -> Iterator[list[T]]:
    """Split items into lists.

    Args:
        items: Items of any kind.
        size: Length of a list; the last may be shorter.
    """
    block: list[T] = []
    for item in items:
        block.append(item)
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block
