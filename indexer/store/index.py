"""An index: the manifest, the concept space and the engine.

DIR/manifest.json       what it was made with; written last, so a folder without it is no index
DIR/manifest.copy.json  the same, should a bit of it flip
DIR/space/              the concept space, so that a search needs no encoder
DIR/presence.npz        the calibration of presence
DIR/counts.npz          how many images have each concept; follows from the points
DIR/points/             the engine's
DIR/lock                who holds it

On a server the points are a collection and the files lie in another (`indexer.store.remote_files`).
"""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from splicedex.indexer.engines.base import Ann, Engine, FieldKind
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.engines.edge.page_cache import OPENING, column, read_ahead
from splicedex.indexer.engines.query import Hit
from splicedex.indexer.store.address import Address, Folder, address_of
from splicedex.indexer.store.concept_counts import ConceptCounts
from splicedex.indexer.store.local_files import Files
from splicedex.indexer.store.lock import hold
from splicedex.indexer.store.manifest import FILE, Manifest
from splicedex.indexer.store.presence_payload import PRESENCE, STRENGTHS, PresenceEncoder
from splicedex.splice.align import Matrix
from splicedex.splice.dictionary.near_synonyms import all_near_synonyms
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError
from splicedex.splice.presence.calibration import Calibration, calibrate

OWN_FIELDS: dict[str, FieldKind] = {
    "concepts": "lookup",
    PRESENCE: "lookup",
    STRENGTHS: "lookup",
    "path": "keyword",
    "folders": "keyword",
}
"""Payload fields of ours that are indexed for filtering."""
CALIBRATION = "presence.npz"
COPY = "manifest.copy.json"
"""Another manifest, should a bit of the first flip."""
_NAMESPACE = uuid.UUID("7c0a4f0e-5a0b-5d5c-9a55-5b1d1c1de000")


def point_id(path: str) -> str:
    """The point id of an image: a UUID of its name, so that writing it twice leaves one point."""
    return str(uuid.uuid5(_NAMESPACE, path))


class Index:
    """An open index.

    Args:
        files: Its files, all but the points.
        manifest: What it was made with.
        engine: Its points.
    """

    def __init__(self, files: Files, manifest: Manifest, engine: Engine) -> None:
        self.files = files
        self.manifest = manifest
        self.engine = engine
        self._calibration: Calibration | None = None
        # A refresh in the middle of a change would hide from it that somebody else's came first.
        self._changing = threading.RLock()

    @property
    def folder(self) -> Path:
        """Where its files are read."""
        return self.files.folder

    @cached_property
    def space(self) -> ConceptSpace:
        """The concepts its images are written in."""
        return ConceptSpace.load(self.folder / "space")

    @property
    def calibration(self) -> Calibration:
        """What makes embeddings probabilities."""
        if self._calibration is None:
            self._calibration = Calibration.load(self.folder / CALIBRATION)
        return self._calibration

    @cached_property
    def counts(self) -> ConceptCounts:
        """How many of its images have each concept."""
        owned = isinstance(self.engine, EdgeEngine)
        return ConceptCounts(self.engine, lambda: self.calibration, self.folder if owned else None)

    def save_calibration(self, calibration: Calibration) -> None:
        """Use a calibration from now on, in the files too."""
        with self._changing:
            while not self.files.save(CALIBRATION, calibration.save):
                pass  # the last one counts
            self._calibration = calibration

    def save_calibration_if_unchanged(self, calibration: Calibration) -> bool:
        """Likewise, unless somebody else has kept one since we did; says whether it is kept."""
        with self._changing:
            self._calibration = calibration
            return self.files.save(CALIBRATION, calibration.save)

    def refresh(self) -> None:
        """See what others changed in the files of an index on a server."""
        with self._changing:
            if self.files.refresh():
                self.manifest = Manifest.load(self.folder, self.files.origin)
                self._calibration = None

    def presence(self, embeddings: Matrix) -> Matrix:
        """Probabilities (n, c) that the concepts are in images with embeddings (n, d)."""
        return self.calibration.probability(embeddings)

    def strengths(self, embeddings: Matrix, off: float = 0.0) -> list[dict[str, list[int]]]:
        """What is stored of the presence of concepts in images with embeddings (n, d).

        Args:
            embeddings: (n, d).
            off: Added to all probabilities, to see what hangs on their last bits.
        """
        return self.coding.payloads(self.presence(embeddings) + np.float32(off))

    @cached_property
    def coding(self) -> PresenceEncoder:
        """Writes what is stored of presence."""
        return PresenceEncoder(all_near_synonyms(self.space))

    @property
    def columns(self) -> Mapping[str, FieldKind]:
        """Payload fields that queries may filter on, with how they are indexed."""
        return {"path": "keyword", **self.manifest.columns}

    def register_columns(self, columns: Mapping[str, FieldKind]) -> None:
        """Index payload fields for filtering, and remember that they are."""
        for name, kind in {**OWN_FIELDS, **columns}.items():
            self.engine.create_index(name, kind)
        with self._changing:
            while (both := {**self.manifest.columns, **columns}) != self.manifest.columns:
                self._remember(replace(self.manifest, columns=both))

    def set_ann(self, ann: Ann) -> None:
        """Remember how the nearest dense vectors are to be found."""
        with self._changing:
            while self.manifest.ann != ann:
                self._remember(replace(self.manifest, ann=ann))

    def _remember(self, manifest: Manifest) -> None:
        """Replace the manifest, unless somebody else did so since: then theirs is read."""
        self.manifest = manifest
        if not self.files.save(FILE, self.manifest.save):
            self.manifest = Manifest.load(self.folder)
        self.files.save(COPY, self.manifest.save)

    def lookup(self, name: str, *, with_vectors: bool = False) -> Hit | None:
        """The image indexed under a name, a path relative to here, or an id, if there is one."""
        ids = [point_id(name), point_id(os.path.abspath(name))]
        with suppress(ValueError):
            ids.append(str(uuid.UUID(name)))
        found = self.engine.retrieve(ids, with_dense=with_vectors, with_concepts=with_vectors)
        return found[0] if found else None

    def find(self, name: str, *, with_vectors: bool = False) -> Hit:
        """The image indexed under a name or id.

        Raises:
            UserError: No such image.
        """
        found = self.lookup(name, with_vectors=with_vectors)
        if found is None:
            raise UserError(f"no image {name!r} in the index", "name one as search prints it")
        return found

    def close(self) -> None:
        """Release the engine."""
        self.engine.close()


def files_of(index: Address | Path) -> Files | None:
    """The files of an index, None where there is no index.

    Raises:
        UserError: The server is away or refuses us.
    """
    address = address_of(index)
    if isinstance(address, Folder):
        return Files(address.path) if (address.path / FILE).exists() else None
    from splicedex.indexer.store.server import remote_files

    return remote_files(address)


@contextmanager
def open_index(index: Address | Path, *, wait: float = 0.0) -> Iterator[Index]:
    """Open an index that exists, and close it after.

    Args:
        index: Where it is.
        wait: Seconds to wait for a process that holds the folder.

    Raises:
        UserError: No index there, made by a newer version, damaged, held by another process, or
            on a server that is away or refuses us.
    """
    address = address_of(index)
    with ExitStack() as stack:
        if isinstance(address, Folder):
            columns = Manifest.load(address.path).columns
            stack.enter_context(hold(address.path, wait=wait))
            files = Files(address.path)
            read_ahead(address.path / "points", [*OPENING, *map(column, columns)])
            engine: Engine = EdgeEngine.open(address.path / "points")
        else:
            from splicedex.indexer.store.server import open_remote

            files, engine = open_remote(address)
        stack.callback(engine.close)
        yield Index(files, Manifest.load(files.folder, str(address)), engine)


def create_index(index: Address | Path, manifest: Manifest, space: ConceptSpace) -> None:
    """Make an empty index unless one made with the same things is there already.

    It appears whole or not at all.

    Raises:
        UserError: Another index is there, or something that is not one.
    """
    address = address_of(index)
    files = files_of(address)
    if files is not None:
        Manifest.load(files.folder, str(address)).refuse_other(manifest, str(address))
    elif isinstance(address, Folder):
        _create(address.path, manifest, space)
    else:
        from splicedex.indexer.store.server import create_remote

        with tempfile.TemporaryDirectory() as made:
            write_files(Path(made), manifest, space)
            create_remote(address, Path(made), manifest.dim)


def _create(folder: Path, manifest: Manifest, space: ConceptSpace) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists and is not an index", "choose another --index folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = f".{folder.name}.unfinished-"
    try:
        with (
            tempfile.TemporaryDirectory(prefix=unfinished, dir=folder.parent) as partial,
            hold(Path(partial)),
        ):
            made = Path(partial) / "index"
            made.mkdir()
            write_files(made, manifest, space)
            EdgeEngine.create(made / "points", manifest.dim).close()
            made.replace(folder)
    except OSError:
        if not (folder / FILE).exists():
            raise
        # Another process was faster.
        Manifest.load(folder).refuse_other(manifest, str(folder))
    for died in folder.parent.glob(f"{glob.escape(unfinished)}*"):
        with suppress(UserError, OSError), hold(died):
            shutil.rmtree(died)


def write_files(folder: Path, manifest: Manifest, space: ConceptSpace) -> None:
    """Write the files of an index without images."""
    space.save(folder / "space")
    nothing = np.zeros((0, space.dim), np.float32)
    calibrate(space, nothing).save(folder / CALIBRATION)
    manifest.save(folder / COPY)
    manifest.save(folder / FILE)
