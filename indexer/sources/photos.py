"""The source of photos: child processes decode them, an encoder embeds them."""

from __future__ import annotations

import glob
import os
import warnings
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from splicedex.indexer.payload.columns import ColumnKind
from splicedex.indexer.payload.fingerprint import FIELD as FINGERPRINT
from splicedex.indexer.sources.base import TRUNCATED, Block, Item, blocks, signature
from splicedex.indexer.sources.decoding.decode import AS_USUAL, Photo, Skipped
from splicedex.indexer.sources.decoding.kinds import NEVER_READ
from splicedex.indexer.sources.decoding.open_photo import refusal
from splicedex.indexer.sources.decoding.opened import Reading
from splicedex.indexer.sources.decoding.pool import read_photos
from splicedex.indexer.sources.finding.find_photos import USUAL, Excludes, find_photos
from splicedex.indexer.sources.finding.left_out import LeftOut
from splicedex.indexer.sources.location import file_of, printable, to_text
from splicedex.indexer.sources.on_disk import content_hashes
from splicedex.indexer.sources.tables.raw_table import RawTable
from splicedex.indexer.sources.tables.table import ColumnFinding, Kinds, Table, table_of
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
        left_out: What was found under the paths and is not listed.
    """

    photos: Sequence[Path]
    names: Sequence[str]
    table: Table | None = None
    roots: Sequence[str] | None = None
    left_out: LeftOut = field(default_factory=LeftOut)


def list_paths(
    paths: Sequence[str], excludes: Excludes = USUAL, *, gone: Sequence[str] = ()
) -> Listing:
    """List the photos under paths. Their names in the index are their absolute paths.

    Warns about paths without photos, and about patterns that leave nothing out.

    Args:
        paths: Files, folders or globs.
        excludes: What to leave out.
        gone: Patterns of further paths, which no longer hold photos; see `pattern_of`.

    Raises:
        UserError: A path does not exist, or no path holds a photo and none is gone.
    """
    left_out = LeftOut()
    photos = list(find_photos(paths, excludes, left_out))
    if not photos and not gone:
        why = ", ".join(rule for rule, _, _ in left_out.rules)
        raise UserError(
            f"no photos in {', '.join(paths)}" + (f" but what {why} leaves out" if why else ""),
            "name a folder that holds photos",
        )
    for pattern in excludes.idle(left_out.matched):
        hint = f", as # begins a comment; write '\\{pattern}'" if pattern.startswith("#") else ""
        warnings.warn(f"--exclude {pattern} leaves nothing out{hint}", stacklevel=2)
    names = [printable(os.path.abspath(photo)) for photo in photos]
    full = [path for path in paths if holds_photos(path, excludes)]
    for path in set(paths).difference(full):
        warnings.warn(f"no photos in {path}: its images stay in the index", stacklevel=2)
    return Listing(photos, names, roots=[*map(pattern_of, full), *gone], left_out=left_out)


def holds_photos(path: str, excludes: Excludes = USUAL) -> bool:
    """Whether there is a photo under a path. The icon of a disk that is not mounted is none."""
    found = find_photos([path], excludes)
    return any(photo.suffix.lower() not in NEVER_READ for photo in found)


def list_table(files: Path | RawTable, root: Path | None, kinds: Kinds | None = None) -> Listing:
    """List the photos that a table names. Their names in the index are those in the table.

    Args:
        files: The table; see `indexer.sources.tables.table`.
        root: Folder that the names are relative to; by default the folder of the table, or the
            current one for a table in memory.
        kinds: What its columns have to be.

    Raises:
        UserError: The table cannot be used, or `root` is not a folder.
    """
    table = table_of(files, kinds)
    folder = root or (files.parent if isinstance(files, Path) else Path())
    if not folder.is_dir():
        raise UserError(f"root {folder} is not a folder", "give the folder that holds the photos")
    return Listing([file_of(path, folder) for path in table.paths], table.paths, table)


class PhotoSource:
    """Photos that are decoded in child processes while the encoder runs.

    Args:
        listing: The photos.
        encoder: Embeds the photos.
        reading: Which photos are read, and how.
        workers: Decoding processes; by default one per core.

    Raises:
        UserError: The table has a column that splicedex writes itself.
    """

    precomputed = False

    def __init__(
        self,
        listing: Listing,
        encoder: Encoder,
        *,
        reading: Reading = AS_USUAL,
        workers: int | None = None,
    ) -> None:
        self._photos = listing.photos
        self._names = listing.names
        self._table = listing.table
        self._roots = (
            None if listing.roots is None else [PurePath(root).parts for root in listing.roots]
        )
        self._encoder = encoder
        self._reading = reading
        self._workers = workers
        if reading.tolerant and self._table and TRUNCATED in self._table.kinds():
            raise UserError(
                f"the table has a column {TRUNCATED}, which --tolerant writes", "rename the column"
            )

    @property
    def kinds(self) -> Mapping[str, ColumnKind]:
        """The user's columns and the size in pixels, with the kind of each."""
        own: dict[str, ColumnKind] = {"width": "integer", "height": "integer"}
        if self._reading.tolerant:
            own[TRUNCATED] = "bool"
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
        refused: deque[tuple[str, str]] = deque()
        wanted = self._worth_reading(items, refused)
        first = next(wanted, None)
        if first is None:  # do not load the encoder, which takes seconds
            if refused:
                yield self._block([], refused)
            return

        def feed() -> Iterator[Path]:
            for item in chain([first], wanted):
                waiting.append(item)
                yield self._photos[item.number]

        results = read_photos(
            feed(), self._encoder.preprocess(), reading=self._reading, workers=self._workers
        )
        for batch in blocks(results, BATCH):
            yield self._block([(waiting.popleft(), result) for result in batch], refused)
        if refused:
            yield self._block([], refused)

    def _worth_reading(
        self, items: Iterable[Item], refused: deque[tuple[str, str]]
    ) -> Iterator[Item]:
        """The items of kinds that are read here. The others are refused, with the reason."""
        for item in items:
            reason = refusal(self._photos[item.number])
            if reason is None:
                yield item
            else:
                refused.append((item.path, reason))

    def _block(
        self, read: Sequence[tuple[Item, Photo | Skipped]], refused: deque[tuple[str, str]]
    ) -> Block:
        """A block of photos that were read, and of all that were refused so far."""
        good = [(item, photo) for item, photo in read if isinstance(photo, Photo)]
        skipped = [refused.popleft() for _ in range(len(refused))]
        skipped += [(item.path, _reason(one)) for item, one in read if isinstance(one, Skipped)]
        embeddings = np.zeros((0, self._encoder.dim), np.float32)
        if good:
            embeddings = self._encoder.encode_images(np.stack([one.pixels for _, one in good]))
        facts = [self._facts(item, photo) for item, photo in good]
        return Block([item for item, _ in good], embeddings, facts, skipped)

    def content_hashes(self, items: Sequence[Item]) -> list[str | None]:
        """Hash the files of items, several at a time."""
        return content_hashes([self._photos[item.number] for item in items])

    def facts(self, item: Item, known: Mapping[str, Any]) -> dict[str, Any]:
        """What follows from the bytes of a photo, and where its file is."""
        facts = {name: known[name] for name in (*FACTS, TRUNCATED) if name in known}
        return facts | self._location(item)

    def covers(self, path: str) -> bool:
        """Whether a photo of this name lies under a path that the user named."""
        if self._roots is None:
            return True
        parts = PurePath(path).parts
        return any(_lies_under(parts, root) for root in self._roots)

    def _facts(self, item: Item, photo: Photo) -> dict[str, Any]:
        values = (photo.sha256, photo.width, photo.height, photo.fingerprint)
        facts: dict[str, Any] = dict(zip(FACTS, values, strict=True)) | self._location(item)
        return facts | {TRUNCATED: True} if photo.truncated else facts

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


def _reason(skipped: Skipped) -> str:
    """Why a photo was skipped, with the option that reads it."""
    return f"{skipped.reason}; {skipped.remedy}" if skipped.remedy else skipped.reason


def _lies_under(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a path, or a folder that contains it, matches a pattern. `**` matches any depth."""
    if not pattern:
        return True
    if pattern[0] == "**":
        return any(_lies_under(parts[i:], pattern[1:]) for i in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _lies_under(parts[1:], pattern[1:])
