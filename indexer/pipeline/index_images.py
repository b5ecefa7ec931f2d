"""Indexes images in one call: chooses the source, makes the index, fills it, optimizes it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from splicedex.indexer.engines.base import Ann
from splicedex.indexer.payload.columns import ColumnKind
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.pipeline.moved.gone_paths import gone_paths, refuse_unpruned
from splicedex.indexer.pipeline.moved.prune import Confirm
from splicedex.indexer.pipeline.optimize import is_brief, is_due, optimize, optimize_open
from splicedex.indexer.pipeline.report import Report
from splicedex.indexer.pipeline.settings import ResolvedSettings, Settings, resolve
from splicedex.indexer.sources.base import TRUNCATED, Source
from splicedex.indexer.sources.decoding.decode import AS_USUAL
from splicedex.indexer.sources.decoding.opened import Reading
from splicedex.indexer.sources.embeddings import array_source
from splicedex.indexer.sources.finding.find_photos import USUAL, Excludes
from splicedex.indexer.sources.finding.left_out import LeftOut
from splicedex.indexer.sources.photos import Listing, PhotoSource, list_paths, list_table
from splicedex.indexer.sources.pictures import Pictures, PictureSource
from splicedex.indexer.sources.tables.raw_table import RawTable
from splicedex.indexer.sources.tables.table import ColumnFinding, Kinds, table_of
from splicedex.indexer.store.address import Address
from splicedex.indexer.store.base import Store
from splicedex.indexer.store.index import create_index, open_index, store_of
from splicedex.splice.align import Matrix
from splicedex.splice.encoders.base import Load
from splicedex.splice.errors import UserError


@dataclass(frozen=True)
class Images:
    """The images to index: photos under paths, photos in a table, pictures, or embeddings.

    Args:
        paths: Photos, folders or globs.
        embeddings: An .npy or .npz file (n, d), a folder in clip-retrieval's layout, or an array.
        files: Table that names the photos, the pictures, or the rows of the embeddings; a file, or
            what it would hold.
        root: Folder that the names in `files` are relative to.
        columns: What columns of the table hold, by name, where the user chose it.
        excludes: What is left out under the paths.
        pictures: Pictures in memory, which `files` names.

    Raises:
        UserError: No images are named, they are named in two ways, columns are chosen without a
            table, or something is left out of one.
    """

    paths: Sequence[str] = ()
    embeddings: Path | Matrix | None = None
    files: Path | RawTable | None = None
    root: Path | None = None
    columns: Mapping[str, ColumnKind] = field(default_factory=dict)
    excludes: Excludes = USUAL
    pictures: Pictures | None = None

    def __post_init__(self) -> None:
        has_embeddings = self.embeddings is not None
        if not (self.paths or has_embeddings or self.files):
            raise UserError("nothing to index", "name photos, or give --embeddings or --files")
        if "" in self.paths:
            raise UserError("a PATH is empty", "name a folder; is a variable of the shell not set?")
        if self.paths and (has_embeddings or self.files):
            raise UserError(
                "photos are named twice, as PATHs and by --embeddings or --files",
                "give one of them",
            )
        if self.columns and self.paths:
            raise UserError("--column needs a table", "add --files TABLE, or leave it out")
        if self.excludes.patterns and not self.paths:
            raise UserError(
                "--exclude needs PATHs", "remove the rows from the table, or name folders"
            )


@dataclass(frozen=True)
class Outcome:
    """The result of an index run.

    Args:
        report: What the run did.
        images: Images that the index now holds.
        seconds: Duration of indexing and optimizing; loading the encoder does not count.
        columns: What the columns of the table were taken for.
        left_out: What was found under the paths and not indexed.
    """

    report: Report
    images: int
    seconds: float
    columns: Sequence[ColumnFinding] = ()
    left_out: LeftOut = field(default_factory=LeftOut)


class Progress(Protocol):
    """Shows the progress of a run."""

    def indexing(self, total: int) -> AbstractContextManager[Callable[[Report], None]]:
        """Show progress while images are indexed. Gives a function to call with each report."""

    def optimizing(self) -> AbstractContextManager[None]:
        """Show that the search index is being built."""


def index_images(
    address: Address,
    images: Images,
    settings: Settings,
    *,
    load: Load,
    reading: Reading = AS_USUAL,
    workers: int | None = None,
    prune: bool = False,
    confirm: Confirm = lambda removal: True,
    ann: Ann | None = None,
    wait: float = 0.0,
    progress: Progress,
) -> Outcome:
    """Bring an index up to date with images. The index is made if it does not exist.

    Args:
        address: Address of the index.
        images: The images.
        settings: What the index is made with.
        load: Loads an encoder by name.
        reading: Which photos are read, and how.
        workers: Decoding processes; by default one per core.
        prune: Whether to remove indexed images that no longer exist.
        confirm: Asked before more than a tenth of the images are removed, while progress is shown.
        ann: Nearest-neighbour method; None keeps that of the index.
        wait: Seconds to wait for another process that holds the index.
        progress: Shows the progress.

    Returns:
        What was done; `report.stopped` is set if Ctrl-C ended it early.

    Raises:
        UserError: The settings, the images or the engine cannot be used.
    """
    store = store_of(address)
    has_photos = images.embeddings is None
    photos = _photos(store, images, prune=prune, wait=wait) if has_photos else None
    left_out = photos.left_out if photos else LeftOut()
    resolved, source = _source(store, images, photos, settings, load, reading, workers)
    findings = source.findings()
    create_index(store, resolved.manifest, resolved.space, resolved.frequency)
    start = time.perf_counter()
    with open_index(store, wait=wait) as index:
        with progress.indexing(len(source)) as on_progress:
            report = build(index, source, prune=prune, confirm=confirm, on_progress=on_progress)
        count = index.engine.count()
        folder, method = index.folder, ann or index.manifest.ann
        due = not report.stopped and is_due(index, ann)
        if due and is_brief(index):
            due = False
            with _optimizing(progress, report):
                optimize_open(index, method)
    del source, photos  # frees the names of all images before the child process needs memory
    if due:
        with _optimizing(progress, report):
            optimize(folder, method, wait=wait)
    return Outcome(report, count, time.perf_counter() - start, findings, left_out)


@contextmanager
def _optimizing(progress: Progress, report: Report) -> Iterator[None]:
    """Show progress; Ctrl-C ends the run early."""
    try:
        with progress.optimizing():
            yield
    except KeyboardInterrupt:
        report.stopped = True


def _source(
    store: Store,
    images: Images,
    photos: Listing | None,
    settings: Settings,
    load: Load,
    reading: Reading,
    workers: int | None,
) -> tuple[ResolvedSettings, Source]:
    """The settings of the index, and the source of the images."""
    if photos is not None and reading.tolerant:
        _refuse_own_column(store)
    resolved = resolve(store, settings, photos, load=load, workers=workers)
    if photos is None:
        assert images.embeddings is not None
        return resolved, array_source(
            images.embeddings,
            files=images.files,
            root=images.root,
            dim=resolved.space.dim,
            kinds=_kinds(store, images),
        )
    assert resolved.encoder is not None
    if images.pictures is not None:
        assert images.files is not None
        table = table_of(images.files, _kinds(store, images))
        return resolved, PictureSource(images.pictures, table, resolved.encoder, reading=reading)
    return resolved, PhotoSource(photos, resolved.encoder, reading=reading, workers=workers)


def _photos(store: Store, images: Images, *, prune: bool, wait: float) -> Listing:
    """List the photos to index."""
    if images.pictures is not None:
        return Listing((), ())
    if images.files:
        return list_table(images.files, images.root, _kinds(store, images))
    gone = gone_paths(store, images.paths, images.excludes, wait=wait)
    if not prune:
        refuse_unpruned(gone, images.excludes)
    names = {one.path for one in gone}
    there = [path for path in images.paths if path not in names]
    return list_paths(there, images.excludes, gone=[one.pattern for one in gone])


def _kinds(store: Store, images: Images) -> Kinds:
    """What the columns of a table have to be."""
    return Kinds(images.columns, _columns(store))


def _refuse_own_column(store: Store) -> None:
    """Refuse to mark truncated photos in a column of the user's."""
    if _columns(store).get(TRUNCATED, "bool") != "bool":
        raise UserError(
            f"the index has a column {TRUNCATED} of its own, which --tolerant would write",
            "leave out --tolerant, or make another index",
        )


def _columns(store: Store) -> Mapping[str, ColumnKind]:
    """The columns of the index, if there is one."""
    existing = store.manifest()
    return existing.columns if existing else {}
