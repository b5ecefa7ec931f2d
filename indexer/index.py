"""An index: the manifest, the concept space and the engine, in one folder.

DIR/manifest.json    what it was made with; written last, so a folder without it is no index
DIR/space/           the concept space, so that a search needs no encoder
DIR/presence.npz     the calibration of presence
DIR/points/          the engine's
"""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from indexer.edge import EdgeEngine
from indexer.engine import Engine, FieldKind
from indexer.manifest import FILE, Manifest
from indexer.query import Hit
from indexer.strength import FIELD
from splice.activation import Activations
from splice.align import Matrix
from splice.errors import UserError
from splice.presence import Calibration, calibrate
from splice.space import ConceptSpace

OWN_FIELDS: dict[str, FieldKind] = {
    "concepts": "lookup",
    FIELD: "lookup",
    "path": "keyword",
    "folders": "keyword",
}
"""Payload fields of ours that are indexed for filtering."""
CALIBRATION = "presence.npz"
_NAMESPACE = uuid.UUID("7c0a4f0e-5a0b-5d5c-9a55-5b1d1c1de000")


def point_id(path: str) -> str:
    """The point id of an image: a UUID of its name, so that writing it twice leaves one point."""
    return str(uuid.uuid5(_NAMESPACE, path))


class Index:
    """An open index folder.

    Args:
        folder: Where it lies.
        manifest: What it was made with.
        engine: Its points.
    """

    def __init__(self, folder: Path, manifest: Manifest, engine: Engine) -> None:
        self.folder = folder
        self.manifest = manifest
        self.engine = engine
        self._calibration: Calibration | None = None

    @cached_property
    def space(self) -> ConceptSpace:
        """The concepts its images are written in."""
        return ConceptSpace.load(self.folder / "space")

    @cached_property
    def activations(self) -> Activations:
        """Reads activations of its concepts."""
        return Activations(self.space)

    @property
    def calibration(self) -> Calibration:
        """What makes activations probabilities."""
        if self._calibration is None:
            self._calibration = Calibration.load(self.folder / CALIBRATION)
        return self._calibration

    def keep(self, calibration: Calibration) -> None:
        """Use a calibration from now on, on disk too."""
        calibration.save(self.folder / CALIBRATION)
        self._calibration = calibration

    def presence(self, embeddings: Matrix) -> Matrix:
        """Probabilities (n, c) that the concepts are in images with embeddings (n, d)."""
        return self.calibration.probability(self.activations.of(embeddings))

    @property
    def columns(self) -> Mapping[str, FieldKind]:
        """Payload fields that queries may filter on, with how they are indexed."""
        return {"path": "keyword", **self.manifest.columns}

    def know(self, columns: Mapping[str, FieldKind]) -> None:
        """Index payload fields for filtering, and remember that they are."""
        for name, kind in {**OWN_FIELDS, **columns}.items():
            self.engine.create_index(name, kind)
        both = {**self.manifest.columns, **columns}
        if both != self.manifest.columns:
            self.manifest = replace(self.manifest, columns=both)
            self.manifest.save(self.folder)

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


@contextmanager
def open_index(folder: Path) -> Iterator[Index]:
    """Open an index that exists, and close it after.

    Raises:
        UserError: No index there, made by a newer version, damaged, or held by another process.
    """
    manifest = Manifest.load(folder)
    engine = EdgeEngine.open(folder / "points")
    try:
        yield Index(folder, manifest, engine)
    finally:
        engine.close()


def create_index(folder: Path, manifest: Manifest, space: ConceptSpace) -> None:
    """Make an empty index unless one made with the same things is there already.

    The folder appears whole or not at all.

    Raises:
        UserError: The folder holds another index, or something that is not one.
    """
    if (folder / FILE).exists():
        Manifest.load(folder).refuse_other(manifest, folder)
        return
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} exists and is not an index", "choose another --index folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.parent) as partial:
        made = Path(partial) / "index"
        made.mkdir()
        space.save(made / "space")
        nothing = np.zeros((0, space.dim), np.float32)
        calibrate(space, Activations(space), nothing).save(made / CALIBRATION)
        EdgeEngine.create(made / "points", manifest.dim).close()
        manifest.save(made)
        made.replace(folder)
