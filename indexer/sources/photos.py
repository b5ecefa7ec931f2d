"""The source of photos: child processes decode them, an encoder embeds them."""

from __future__ import annotations

import glob
import os
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from splicedex.indexer.payload.columns import ColumnKind
from splicedex.indexer.payload.fingerprint import FIELD as FINGERPRINT
from splicedex.indexer.sources.base import Block, Item, blocks, signature
from splicedex.indexer.sources.decode import Photo, Skipped
from splicedex.indexer.sources.decode_pool import read_photos
from splicedex.indexer.sources.find_files import find_photos
from splicedex.indexer.sources.location import file_of, printable, to_text
from splicedex.indexer.sources.on_disk import content_hashes
from splicedex.indexer.sources.tables.table import ColumnFinding, Kinds, Table, read_table
from splicedex.splice.encoders.base import Encoder
from splicedex.splice.errors import UserError

FACTS = ("content_hash", "width", "height", FINGERPRINT)
"""Payload fields that follow from the bytes of a photo."""
BATCH = 256
"""Photos that are encoded, decomposed and written together."""


@dataclass(frozen=True)
class Listing:
    """Photos to index. They need not be readable.

    Args:
        photos: n files.
        names: Names of the n photos in the index.
        table: The user's columns, row i for photo i; None if there are none.
        roots: Patterns of the paths that the user named and that hold photos. A path without photos
            is left out, as its disk may be unmounted. None if `names` lists all photos.
    """

    photos: Sequence[Path]
    names: Sequence[str]
    table: Table | None = None
    roots: Sequence[str] | None = None


def list_paths(paths: Sequence[str], gone: Sequence[str] = ()) -> Listing:
    """List the photos under paths. Their names in the index are their absolute paths.

    Warns about paths without photos.

    Args:
        paths: Files, folders or globs.
        gone: Patterns of further paths, which no longer hold photos; see `pattern_of`.

    Raises:
        UserError: A path does not exist, or no path holds a photo and none is gone.
    """
    photos = list(find_photos(paths))
    if not photos and not gone:
        raise UserError(f"no photos in {', '.join(paths)}", "name a folder that holds photos")
    names = [printable(os.path.abspath(photo)) for photo in photos]
    full = [path for path in paths if next(find_photos([path]), None)]
    for path in set(paths).difference(full):
        warnings.warn(f"no photos in {path}: its images stay in the index", stacklevel=2)
    return Listing(photos, names, roots=[*map(pattern_of, full), *gone])


def list_table(files: Path, root: Path | None, kinds: Kinds | None = None) -> Listing:
    """List the photos that a table names. Their names in the index are those in the table.

    Args:
        files: The table; see `indexer.sources.tables.table`.
        root: Folder that the names are relative to; by default the folder of the table.
        kinds: What its columns have to be.

    Raises:
        UserError: The table cannot be used, or `root` is not a folder.
    """
    table = read_table(files, kinds)
    folder = files.parent if root is None else root
    if not folder.is_dir():
        raise UserError(f"root {folder} is not a folder", "give the folder that holds the photos")
    return Listing([file_of(path, folder) for path in table.paths], table.paths, table)


class PhotoSource:
    """Photos that are decoded in child processes while the encoder runs.

    Args:
        listing: The photos.
        encoder: Embeds the photos.
        workers: Decoding processes; by default one per core.
    """

    precomputed = False

    def __init__(self, listing: Listing, encoder: Encoder, *, workers: int | None = None) -> None:
        self._photos = listing.photos
        self._names = listing.names
        self._table = listing.table
        self._roots = (
            None if listing.roots is None else [PurePath(root).parts for root in listing.roots]
        )
        self._encoder = encoder
        self._workers = workers

    @property
    def kinds(self) -> Mapping[str, ColumnKind]:
        """The user's columns and the size in pixels, with the kind of each."""
        own: dict[str, ColumnKind] = {"width": "integer", "height": "integer"}
        return (self._table.kinds() if self._table else {}) | own

    def findings(self) -> Sequence[ColumnFinding]:
        """What the table's columns were taken for; nothing without a table."""
        return self._table.findings() if self._table else []

    def __len__(self) -> int:
        return len(self._photos)

    @property
    def names(self) -> Sequence[str]:
        """The names in the listing."""
        return self._names

    def items(self, numbers: Iterable[int] | None = None) -> Iterator[Item]:
        """List photos; by default all. The signature covers size, modification time and columns."""
        for number in range(len(self)) if numbers is None else numbers:
            columns = self._table.row(number) if self._table else {}
            try:
                status = self._photos[number].stat()
                content = f"{status.st_size} {status.st_mtime_ns}".encode()
            except (OSError, ValueError):  # the reader reports why the file cannot be read
                content = b""
            yield Item(self._names[number], number, signature(content, columns), columns)

    def embed(self, items: Iterable[Item]) -> Iterator[Block]:
        """Decode photos in child processes, and encode them in batches, in their order."""
        waiting: deque[Item] = deque()
        wanted = iter(items)
        first = next(wanted, None)
        if first is None:
            return  # do not load the encoder, which takes seconds

        def feed() -> Iterator[Path]:
            for item in chain([first], wanted):
                waiting.append(item)
                yield self._photos[item.number]

        results = read_photos(feed(), self._encoder.preprocess(), workers=self._workers)
        for batch in blocks(results, BATCH):
            read = [(waiting.popleft(), result) for result in batch]
            good = [(item, photo) for item, photo in read if isinstance(photo, Photo)]
            skipped = [
                (item.path, result.reason) for item, result in read if isinstance(result, Skipped)
            ]
            embeddings = np.zeros((0, self._encoder.dim), np.float32)
            if good:
                pixels = np.stack([photo.pixels for _, photo in good])
                embeddings = self._encoder.encode_images(pixels)
            facts = [self._facts(item, photo) for item, photo in good]
            yield Block([item for item, _ in good], embeddings, facts, skipped)

    def content_hashes(self, items: Sequence[Item]) -> list[str | None]:
        """Hash the files of items, several at a time."""
        return content_hashes([self._photos[item.number] for item in items])

    def facts(self, item: Item, known: Mapping[str, Any]) -> dict[str, Any]:
        """What follows from the bytes of a photo, and where its file is."""
        facts = {name: known[name] for name in FACTS if name in known}
        return facts | self._location(item)

    def covers(self, path: str) -> bool:
        """Whether a photo of this name lies under a path that the user named."""
        if self._roots is None:
            return True
        parts = PurePath(path).parts
        return any(_lies_under(parts, root) for root in self._roots)

    def _facts(self, item: Item, photo: Photo) -> dict[str, Any]:
        values = (photo.sha256, photo.width, photo.height, photo.fingerprint)
        return dict(zip(FACTS, values, strict=True)) | self._location(item)

    def _location(self, item: Item) -> dict[str, str]:
        """The field that says where a photo is, if its name does not."""
        located = to_text(self._photos[item.number])
        return {} if located == item.path else {"location": located}


def pattern_of(path: str) -> str:
    """The pattern for a path that the user named. A path that exists is matched literally.

    Args:
        path: A file, a folder or a glob.
    """
    named = Path(path).expanduser()
    whole = os.path.abspath(named)
    return printable(glob.escape(whole) if os.path.lexists(named) else whole)


def lies_under(name: str, pattern: str) -> bool:
    """Whether a photo lies under a path that the user named, or is that path.

    Args:
        name: Name of the photo in the index.
        pattern: Pattern of the path.
    """
    return _lies_under(PurePath(name).parts, PurePath(pattern).parts)


def _lies_under(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path, or a folder that contains it, matches a pattern. `**` matches any depth."""
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_lies_under(parts[i:], pattern[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _lies_under(parts[1:], pattern[1:])
