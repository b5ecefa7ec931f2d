"""Keeps the mapped copy of an engine's points up to date on disk.

The copy consists of groups of rows. A group is written once: embeddings and ids at the end of two
files that only grow, and one file of posting lists for each field. A point that changes gets a new
row; its old row counts as deleted. `manifest.json` names what belongs to the copy, and is replaced
as a whole. Neighbouring groups are merged so that their sizes fall geometrically: a merge is rare
if it is long (log-structured merge, O'Neil et al. 1996).

Before the engine writes points, their ids are added to a journal. `update` reads these points from
the engine again and empties the journal. So a process that is killed at any moment leaves a copy
that the next process can complete, and every kind of write takes one way into the copy.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import chain, pairwise
from pathlib import Path
from typing import Self

import numpy as np

from splicedex.indexer.engines.mapped.column import Array, Column, sync
from splicedex.indexer.engines.mapped.postings import Postings, merge
from splicedex.indexer.engines.mapped.quantized import Grid, Quantized
from splicedex.indexer.engines.mapped.snapshot import Snapshot
from splicedex.indexer.engines.query import Hit
from splicedex.splice.align import Matrix

VERSION = 1
MANIFEST, JOURNAL, GRID = "manifest.json", "journal", "grid.f32"
EMBEDDINGS, INTEGERS, REST, IDS = "embeddings.f32", "embeddings.i8", "rest.f32", "ids.u128"
PAGE = 2048
"""Points read from the engine at a time."""
GROUP = 50_000
"""Points after which `is_long` asks for an update."""
MOST_DELETED = 0.25
"""Share of deleted rows from which all rows are written again."""
_ID = 16

Read = Callable[[list[str], tuple[str, ...]], list[Hit]]
"""Reads points by id with their dense vectors and the named payload fields."""


@dataclass(frozen=True, slots=True)
class _Manifest:
    """What belongs to the copy.

    Args:
        dim: Dimension d of the embeddings.
        fields: The mapped payload fields.
        series: Identifies the numbering of rows.
        groups: The first row of each group, and the number of rows in the end.
        deleted: Number of the file with the deleted rows; 0 if there are none.
    """

    dim: int
    fields: tuple[str, ...]
    series: str
    groups: tuple[int, ...] = (0,)
    deleted: int = 0

    @property
    def rows(self) -> int:
        return self.groups[-1]


class MappedCopy:
    """The mapped copy of the points of one engine. Not safe to share among threads.

    Args:
        folder: Its folder.
        manifest: What belongs to it.

    Attributes:
        snapshot: The copy after the last update.
    """

    def __init__(self, folder: Path, manifest: _Manifest) -> None:
        self._folder = folder
        self._manifest = manifest
        self._journal = _Journal(folder / JOURNAL)
        self._open_columns()
        self.snapshot = self._read()

    @classmethod
    def create(cls, folder: Path, dim: int, fields: Sequence[str] = ()) -> Self:
        """Make an empty copy in place of any other.

        Args:
            folder: Its folder.
            dim: Dimension d of the embeddings.
            fields: Payload fields, lists of whole numbers, that filters may name.
        """
        remove(folder)
        folder.mkdir()
        manifest = _Manifest(dim, tuple(fields), _new_series())
        _save(folder, manifest)
        return cls(folder, manifest)

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """Open a copy; None if there is none, or it is damaged or of another version."""
        try:
            found = json.loads((folder / MANIFEST).read_text("utf-8"))
            if found.pop("version") != VERSION:
                return None
            fields, groups = tuple(found.pop("fields")), tuple(found.pop("groups"))
            return cls(folder, _Manifest(fields=fields, groups=groups, **found))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    @property
    def fields(self) -> tuple[str, ...]:
        """The mapped payload fields."""
        return self._manifest.fields

    @property
    def is_current(self) -> bool:
        """Whether no write of the engine is missing."""
        return not self._journal.size

    @property
    def is_long(self) -> bool:
        """Whether so many points were written that an update should not wait longer."""
        return self._journal.size >= GROUP

    def announce(self, ids: Sequence[str]) -> None:
        """Note ids of points that the engine is about to write or delete."""
        self._journal.add(ids)

    def sync(self) -> None:
        """Wait until all announcements are on disk: the engine is about to do so for its writes."""
        sync(self._folder / JOURNAL)

    def _open_columns(self) -> None:
        """Open the files of the series, in a folder of their own.

        A new series never writes to the files of another, which threads may still be reading.
        """
        dim, series = self._manifest.dim, self._series
        series.mkdir(exist_ok=True)
        self._embeddings = Column(series / EMBEDDINGS, np.float32, dim)
        self._integers = Column(series / INTEGERS, np.int8, dim)
        self._rest = Column(series / REST, np.float32, 1)
        self._grid = Column(series / GRID, np.float32, dim)
        self._ids = Column(series / IDS, np.uint8, _ID)

    @property
    def _series(self) -> Path:
        return self._folder / self._manifest.series

    def update(self, read: Read) -> None:
        """Take over what the engine wrote.

        Args:
            read: Reads points from the engine. Points that it does not return are deleted.

        Raises:
            OSError: The disk is full or refuses writing. The copy remains as it was.
        """
        ids = self._journal.ids()
        for start in range(0, len(ids), GROUP):
            self._update(ids[start : start + GROUP], read)
        deleted = self.snapshot.deleted
        if len(deleted) and deleted.mean() > MOST_DELETED:
            kept = np.flatnonzero(~deleted).tolist()
            self._journal.add([self.snapshot.id_of(row) for row in kept])
            self._manifest = replace(self._manifest, series=_new_series())
            self._open_columns()
            self._commit((0,), np.zeros(0, np.bool_))
            self.update(read)
        elif ids:
            self._journal.clear()

    def _update(self, ids: list[str], read: Read) -> None:
        gone = self.snapshot.rows_of(ids)
        end = self._append(ids, read)
        deleted = np.zeros(end, np.bool_)
        deleted[: self._manifest.rows] = self.snapshot.deleted
        deleted[gone] = True
        groups = self._manifest.groups + ((end,) if end > self._manifest.rows else ())
        self._commit(self._merge(groups), deleted)

    def _append(self, ids: list[str], read: Read) -> int:
        """Write points as a new group. Returns the number of rows then."""
        first = end = self._manifest.rows
        lists = {field: _Lists() for field in self.fields}
        for start in range(0, len(ids), PAGE):
            hits = read(ids[start : start + PAGE], self.fields)
            if not hits:
                continue
            self._write_embeddings(end, np.array([hit.dense for hit in hits], np.float32))
            self._ids.append(end, _bytes([hit.id for hit in hits]))
            for field, listed in lists.items():
                listed.add([_numbers(hit.payload.get(field)) for hit in hits], end)
            end += len(hits)
        if end > first:
            for field, listed in lists.items():
                listed.inverted().write(self._postings(field, first, end))
        return end

    def _write_embeddings(self, start: int, embeddings: Matrix) -> None:
        if start == 0:
            grid = Grid.of(embeddings)
            self._grid.append(0, np.stack([grid.offset, grid.step]))
        integers, rest = self._read_grid().quantize(embeddings)
        self._embeddings.append(start, embeddings)
        self._integers.append(start, integers)
        self._rest.append(start, rest)

    def _merge(self, groups: tuple[int, ...]) -> tuple[int, ...]:
        """Merge the last groups until each is less than half as long as the one before it."""
        kept = list(groups)
        while len(kept) > 2 and 2 * (kept[-1] - kept[-2]) >= kept[-2] - kept[-3]:
            kept.pop(-2)
        merged = groups[len(kept) - 2 :]
        if len(merged) > 2:
            for field in self.fields:
                pairs = pairwise(merged)
                parts = [Postings.read(self._postings(field, *pair)) for pair in pairs]
                target = self._postings(field, merged[0], merged[-1])
                merge(parts, target)
        return tuple(kept)

    def _commit(self, groups: tuple[int, ...], deleted: Array) -> None:
        """Make what was written count, and remove what no longer does."""
        number = 0
        if deleted.any():
            number = self._manifest.deleted + 1
            Column(self._deleted(number), np.bool_, 1).append(0, deleted)
        manifest = replace(self._manifest, groups=groups, deleted=number)
        for path in self._files(manifest):
            sync(path)
        _save(self._folder, manifest)
        self._manifest = manifest
        self.snapshot = self._read()
        kept = {*self._files(manifest), self._folder / MANIFEST, self._folder / JOURNAL}
        for path in [*self._folder.rglob("*")][::-1]:  # a folder after what it holds
            if path not in kept and path != self._series:
                with suppress(OSError):  # some systems keep files that are mapped
                    path.rmdir() if path.is_dir() else path.unlink()

    def _read(self) -> Snapshot:
        manifest = self._manifest
        count, deleted = manifest.rows, np.zeros(manifest.rows, np.bool_)
        if manifest.deleted:
            deleted = Column(self._deleted(manifest.deleted), np.bool_, 1).read(count)[:, 0]
        pairs = list(pairwise(manifest.groups))
        postings = {
            field: [Postings.read(self._postings(field, *pair)) for pair in pairs]
            for field in manifest.fields
        }
        quantized = Quantized(
            self._read_grid() if count else Grid.none(manifest.dim),
            self._integers.read(count),
            self._rest.read(count)[:, 0],
        )
        ids = self._ids.read(count)
        embeddings = self._embeddings.read(count)
        return Snapshot(embeddings, quantized, ids, deleted, postings, manifest.series)

    def _read_grid(self) -> Grid:
        offset, step = self._grid.read(2)
        return Grid(offset, step)

    def _files(self, manifest: _Manifest) -> Iterator[Path]:
        for name in (EMBEDDINGS, INTEGERS, REST, GRID, IDS):
            yield self._series / name
        if manifest.deleted:
            yield self._deleted(manifest.deleted)
        for pair in pairwise(manifest.groups):
            for field in manifest.fields:
                yield self._postings(field, *pair)

    def _postings(self, field: str, first: int, end: int) -> Path:
        return self._series / f"{field}-{first}-{end}"

    def _deleted(self, number: int) -> Path:
        return self._series / f"deleted-{number}"


class _Lists:
    """The lists of one field in a new group of rows."""

    def __init__(self) -> None:
        self._listed = [np.zeros(0, np.int64)]
        self._rows = [np.zeros(0, np.uint32)]

    def add(self, lists: Sequence[Sequence[int]], first: int) -> None:
        """Add the lists of the rows `first`, `first` + 1, ..."""
        sizes = np.fromiter(map(len, lists), np.int64, len(lists))
        total = int(sizes.sum())
        self._listed.append(np.fromiter(chain.from_iterable(lists), np.int64, total))
        rows = np.arange(first, first + len(lists), dtype=np.uint32)
        self._rows.append(np.repeat(rows, sizes))

    def inverted(self) -> Postings:
        """The posting lists."""
        return Postings.of(np.concatenate(self._listed), np.concatenate(self._rows))


class _Journal:
    """Ids of points that were written or deleted since the last update, in a file.

    Args:
        path: The file; made if missing.

    Attributes:
        size: Number of announcements.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.touch()
        self.size = path.stat().st_size // _ID

    def add(self, ids: Sequence[str]) -> None:
        with self._path.open("r+b") as file:
            file.seek(self.size * _ID)  # over half an id of a write that was cut off
            file.write(_bytes(ids).data)
        self.size += len(ids)

    def ids(self) -> list[str]:
        """Each announced id once, in the order of ids."""
        found = self._path.read_bytes()[: self.size * _ID]
        pieces = {found[start : start + _ID] for start in range(0, len(found), _ID)}
        return [str(uuid.UUID(bytes=piece)) for piece in sorted(pieces)]

    def clear(self) -> None:
        self._path.write_bytes(b"")
        self.size = 0


def remove(folder: Path) -> None:
    """Remove a copy, if there is one."""
    if folder.exists():
        (folder / MANIFEST).unlink(missing_ok=True)  # first: what is left must not count
        shutil.rmtree(folder)


def _save(folder: Path, manifest: _Manifest) -> None:
    partial = folder / f"{MANIFEST}.partial"
    partial.write_text(json.dumps({"version": VERSION, **asdict(manifest)}), "utf-8")
    sync(partial)
    partial.replace(folder / MANIFEST)


def _new_series() -> str:
    return uuid.uuid4().hex


def _bytes(ids: Sequence[str]) -> Array:
    """The 16 bytes of each id (n, 16)."""
    joined = b"".join(uuid.UUID(id_).bytes for id_ in ids)
    return np.frombuffer(joined, np.uint8).reshape(-1, _ID)


def _numbers(value: object) -> list[int]:
    """The whole numbers that a payload field lists."""
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if type(one) is int]
