"""The source of pictures in memory, such as PIL images or the rows of a data set."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from splicedex.indexer.payload.columns import ColumnKind
from splicedex.indexer.sources.base import TRUNCATED, Block, Item, blocks, signature
from splicedex.indexer.sources.decoding.decode import (
    AS_USUAL,
    Photo,
    Skipped,
    decode_bytes,
    skipped,
)
from splicedex.indexer.sources.decoding.opened import Reading
from splicedex.indexer.sources.location import to_text
from splicedex.indexer.sources.photos import BATCH, FACTS
from splicedex.indexer.sources.tables.table import ColumnFinding, Table
from splicedex.splice.encoders.base import Encoder
from splicedex.splice.errors import UserError


class Pictures(Protocol):
    """Pictures by number."""

    def __len__(self) -> int: ...

    def content(self, number: int) -> bytes:
        """The picture as the bytes of a file of any format that is read.

        Raises:
            Exception: There is no such picture.
        """

    def state(self, number: int) -> bytes:
        """Bytes that change when the picture does; quick to get."""

    def file(self, number: int) -> Path | None:
        """The file that the picture came from; None if it has none."""


class PictureSource:
    """Pictures that are decoded here, one after another, and encoded in batches.

    Args:
        pictures: n pictures.
        table: Their names and columns.
        encoder: Embeds the pictures.
        reading: Which pictures are read, and how.

    Raises:
        UserError: There is not one name for each picture.
    """

    precomputed = False

    def __init__(
        self,
        pictures: Pictures,
        table: Table,
        encoder: Encoder,
        *,
        reading: Reading = AS_USUAL,
    ) -> None:
        if len(pictures) != len(table):
            raise UserError(
                f"{len(pictures)} pictures but {len(table)} names", "give one name for each picture"
            )
        self._pictures = pictures
        self._table = table
        self._encoder = encoder
        self._reading = reading

    @property
    def kinds(self) -> Mapping[str, ColumnKind]:
        """The user's columns and the size in pixels, with the kind of each."""
        own: dict[str, ColumnKind] = {"width": "integer", "height": "integer"}
        if self._reading.tolerant:
            own[TRUNCATED] = "bool"
        return self._table.kinds() | own

    def findings(self) -> Sequence[ColumnFinding]:
        """What the user's columns were taken for."""
        return self._table.findings()

    def __len__(self) -> int:
        return len(self._table)

    @property
    def names(self) -> Sequence[str]:
        """The names of the pictures."""
        return self._table.paths

    def items(self, numbers: Iterable[int] | None = None) -> Iterator[Item]:
        """List pictures; by default all. The signature covers their content and columns."""
        for number in range(len(self)) if numbers is None else numbers:
            columns, state = self._table.row(number), b""
            with suppress(Exception):  # `embed` reports why a picture cannot be read
                state = self._pictures.state(number)
            yield Item(self._table.paths[number], number, signature(state, columns), columns)

    def embed(self, items: Iterable[Item]) -> Iterator[Block]:
        """Decode and encode pictures, in their order."""
        for batch in blocks(items, BATCH):
            preprocess = self._encoder.preprocess()
            read = [(item, self._decoded(item, preprocess)) for item in batch]
            good = [(item, photo) for item, photo in read if isinstance(photo, Photo)]
            bad = [(item.path, one.reason) for item, one in read if isinstance(one, Skipped)]
            embeddings = np.zeros((0, self._encoder.dim), np.float32)
            if good:
                pixels = np.stack([photo.pixels for _, photo in good])
                embeddings = self._encoder.encode_images(pixels)
            facts = [self._facts(item, photo) for item, photo in good]
            yield Block([item for item, _ in good], embeddings, facts, bad)

    def content_hashes(self, items: Sequence[Item]) -> list[str | None]:
        """Hash the pictures of items."""
        found: list[str | None] = []
        for item in items:
            digest = None
            with suppress(Exception):
                digest = hashlib.sha256(self._pictures.content(item.number)).hexdigest()
            found.append(digest)
        return found

    def facts(self, item: Item, known: Mapping[str, Any]) -> dict[str, Any]:
        """What follows from the content of a picture, and where its file is."""
        facts = {name: known[name] for name in (*FACTS, TRUNCATED) if name in known}
        return facts | self._location(item)

    def covers(self, path: str) -> bool:
        """Always true: no other pictures exist."""
        return True

    def _decoded(self, item: Item, preprocess: Any) -> Photo | Skipped:
        called = self._pictures.file(item.number) or Path(item.path)
        try:
            content = self._pictures.content(item.number)
            return decode_bytes(content, called, preprocess, self._reading)
        except Exception as error:  # broken pictures make decoders raise errors of any kind
            return skipped(called, error)

    def _facts(self, item: Item, photo: Photo) -> dict[str, Any]:
        values = (photo.sha256, photo.width, photo.height, photo.fingerprint)
        facts: dict[str, Any] = dict(zip(FACTS, values, strict=True)) | self._location(item)
        return facts | {TRUNCATED: True} if photo.truncated else facts

    def _location(self, item: Item) -> dict[str, str]:
        file = self._pictures.file(item.number)
        located = item.path if file is None else to_text(file)
        return {} if located == item.path else {"location": located}
