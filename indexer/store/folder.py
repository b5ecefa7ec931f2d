"""An index in a folder, with an embedded engine."""

from __future__ import annotations

import glob
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from splicedex.indexer.engines.base import Ann, Engine
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.payload.columns import indexes
from splicedex.indexer.store.address import Folder
from splicedex.indexer.store.base import Files, Store, Target
from splicedex.indexer.store.local_files import LocalFiles
from splicedex.indexer.store.lock import hold
from splicedex.indexer.store.manifest import FILE, Manifest
from splicedex.indexer.store.state import write_files
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError

POINTS = "points"
"""Folder of the engine, in an index folder."""


class FolderStore(Store):
    """An index folder. One process at a time has it open.

    Args:
        address: Address of the folder.
    """

    def __init__(self, address: Folder) -> None:
        super().__init__(address)
        self.path = address.path
        self._wait = address.wait

    def files(self) -> LocalFiles | None:
        """The files of the index; None where there is no index."""
        return LocalFiles(self.path) if (self.path / FILE).exists() else None

    def lock(self, *, wait: float = 0.0) -> AbstractContextManager[None]:
        """Keep out other processes.

        Args:
            wait: Seconds to wait for another process to release the folder.

        Raises:
            UserError: Another process holds the folder.
        """
        return hold(self.path, wait=max(wait, self._wait))

    @contextmanager
    def open(self, *, wait: float = 0.0) -> Iterator[tuple[Files, Engine]]:
        """Lock the folder and open the index; both end with the context.

        Args:
            wait: Seconds to wait for another process to release the folder.

        Raises:
            UserError: There is no index, it is damaged, or another process holds it.
        """
        files = LocalFiles(self.path)
        columns = self.manifest_of(files).columns  # first: where there is no index, make no lock
        with self.lock(wait=wait), EdgeEngine.open(self.path / POINTS, indexes(columns)) as engine:
            yield files, engine

    def create(self, manifest: Manifest, space: ConceptSpace, lexicon: Lexicon) -> None:
        """Make an index without images. It appears as a whole or not at all.

        Raises:
            UserError: The folder holds something else.
        """
        folder = self.path
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
                write_files(made, manifest, space, lexicon)
                create_points(made / POINTS, manifest.dim).close()
                made.replace(folder)
        except OSError:
            if not (folder / FILE).exists():
                raise
            # Another process was faster.
            Manifest.load(folder).refuse_other(manifest, str(folder))
        for left in folder.parent.glob(f"{glob.escape(unfinished)}*"):
            with suppress(UserError, OSError), hold(left):  # of a process that was killed
                shutil.rmtree(left)

    @contextmanager
    def fill(self, dim: int) -> Iterator[Target]:
        """Start an index to which points are written first, or continue one.

        Args:
            dim: Dimension d of the dense vectors.

        Raises:
            UserError: The folder holds something else, or another process is filling it.
        """
        path = self.path
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise UserError(f"{path} exists and is not an index", "copy to another address")
        partial = path.with_name(f".{path.name}.copying")
        partial.mkdir(parents=True, exist_ok=True)
        with hold(partial), EdgeEngine.open_or_create(partial / POINTS, dim) as engine:
            yield _FolderTarget(path, partial, engine)


class _FolderTarget:
    """A folder that is filled under a temporary name.

    Args:
        path: Final name.
        partial: Temporary name.
        engine: Engine of the points, open.
    """

    def __init__(self, path: Path, partial: Path, engine: Engine) -> None:
        self.engine = engine
        self._path = path
        self._partial = partial

    def finish(self, files: Files, ann: Ann) -> None:
        """Optimize the points, add the files, the manifest last, and give the folder its name."""
        self.engine.optimize(ann)
        self.engine.close()
        for name in sorted(files.names(), key=lambda name: name == FILE):
            target = self._partial / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files.read(name))
        self._partial.replace(self._path)


def create_points(folder: Path, dim: int) -> Engine:
    """Make the empty engine of an index folder.

    Args:
        folder: Folder of the engine.
        dim: Dimension d of the dense vectors.

    Raises:
        UserError: The folder holds an engine already.
    """
    return EdgeEngine.create(folder, dim)
