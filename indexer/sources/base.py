"""Where images come from: a source lists items cheaply, then embeds those that are needed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from splicedex.indexer.engines.base import FieldKind
from splicedex.splice.align import Matrix

T = TypeVar("T")

BLOCK = 1024
"""Images decomposed and written together: one engine call, a few MB."""


@dataclass(frozen=True, slots=True)
class Item:
    """An image as its source lists it, before it is read.

    Args:
        path: Its name in the index.
        number: Its place in the source.
        signature: Changes when the image or its columns do.
        columns: What the user says of it.
    """

    path: str
    number: int
    signature: str
    columns: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Block:
    """Images that were read: row i of `embeddings` (n, d) and entry i of `facts` are item i's."""

    items: Sequence[Item]
    embeddings: Matrix
    facts: Sequence[dict[str, Any]]
    """Payload fields read off the image: content hash, size."""
    skipped: Sequence[tuple[str, str]] = ()
    """Images that could not be read on the way here, as (path, reason)."""


class Source(Protocol):
    """A set of images to index."""

    @property
    def kinds(self) -> Mapping[str, FieldKind]:
        """User columns to index for filtering."""

    @property
    def at_hand(self) -> bool:
        """Whether the embeddings are there already, so that reading some twice costs nothing."""

    @property
    def names(self) -> Sequence[str]:
        """Every image's name in the index, in a fixed order."""

    def __len__(self) -> int: ...

    def items(self, numbers: Iterable[int] | None = None) -> Iterator[Item]:
        """The images of these numbers, in their order; by default every image."""

    def embed(self, items: Iterable[Item]) -> Iterator[Block]:
        """Read and embed items, keeping their order."""

    def covers(self, path: str) -> bool:
        """Whether an indexed image of that name would be listed here if it still existed."""


def signature(content: bytes, columns: Mapping[str, Any]) -> str:
    """A short hash (32 hexadecimal digits) of an image's content and columns."""
    digest = hashlib.blake2b(content, digest_size=16)
    digest.update(json.dumps(columns, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def blocks(items: Iterable[T], size: int = BLOCK) -> Iterator[list[T]]:
    """Lists of up to `size` items."""
    block: list[T] = []
    for item in items:
        block.append(item)
        if len(block) == size:
            yield block
            block = []
    if block:
        yield block
