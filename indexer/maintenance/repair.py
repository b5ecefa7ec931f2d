"""Repairing an index from the embeddings it holds, without any image being encoded again.

In a folder all points that can be read are written into a fresh engine, and with them whatever
follows from their embeddings and is not right; then the folders change places. On a server points
that are wrong are written over. An index of an older format is brought to today's in the same way.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from splicedex.indexer.engines.base import Batch, Engine
from splicedex.indexer.engines.batch import batch_of
from splicedex.indexer.engines.edge import integrity
from splicedex.indexer.engines.edge.engine import CONFIG, EdgeEngine
from splicedex.indexer.engines.query import Hit
from splicedex.indexer.maintenance.check_points import LOSSES, Fault, faults
from splicedex.indexer.maintenance.verify import Progress, wrong_files
from splicedex.indexer.pipeline.calibration import out_of_date, recalibrate
from splicedex.indexer.pipeline.decompose import Derivation
from splicedex.indexer.sources.base import BLOCK, blocks
from splicedex.indexer.store.address import Address, Collection, Folder
from splicedex.indexer.store.index import CALIBRATION, COPY, Index, write_files
from splicedex.indexer.store.local_files import Files
from splicedex.indexer.store.lock import hold
from splicedex.indexer.store.manifest import FILE, FORMAT, Manifest
from splicedex.splice.dictionary.image_mean import ImageMean
from splicedex.splice.dictionary.space import IMAGE_MEAN, ConceptSpace, load_matrix
from splicedex.splice.errors import UserError
from splicedex.splice.load import OWN, load_model
from splicedex.splice.presence.calibration import Calibration, calibrate

SHAKY = ("payload_index", "wal")
"""Parts of an engine's folder that it can do without: what follows from the points, and what is
not yet in its segments."""
_TRY = """
import sys
from pathlib import Path
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.splice.errors import UserError
try:
    with EdgeEngine.open(Path(sys.argv[1])) as engine:
        engine.count()
except UserError as error:
    sys.exit(print(error.cause) or 1)
"""


@dataclass
class Repaired:
    """What a repair did, in images.

    Args:
        kept: Were right.
        mended: Had something wrong that follows from their embedding.
        lost: Names or ids of those that have to be indexed again.
        aside: Where the damaged folder was put, if anything in it was lost.
    """

    kept: int = 0
    mended: int = 0
    lost: list[str] = field(default_factory=list)
    aside: Path | None = None


def repair(address: Address, *, on_progress: Progress = lambda *_: None) -> Repaired:
    """Make right what follows from the embeddings of an index.

    Args:
        address: Where it is; nobody else may have it open.
        on_progress: Called after every block.

    Raises:
        UserError: The manifest, the concept space or the engine is beyond repair.
    """
    if isinstance(address, Folder):
        return _repair_folder(address.path, on_progress)
    return _repair_collection(address, on_progress)


def _repair_folder(folder: Path, on_progress: Progress) -> Repaired:
    manifest = _manifest_of(folder)
    aside = folder.with_name(f"{folder.name}.damaged")
    if aside.exists():
        raise UserError(f"{aside} is left from an earlier repair", "remove it, then repair again")
    scratch = TemporaryDirectory(prefix=f".{folder.name}.repairing-", dir=folder.parent)
    with hold(folder), scratch as unfinished:
        made = Path(unfinished) / "index"
        made.mkdir()
        _remake_files(folder, made, manifest)
        with (
            EdgeEngine.create(made / "points", manifest.dim) as new,
            _opened(folder / "points", made / "points" / CONFIG) as old,
        ):
            repaired = _mend(Index(Files(made), Manifest.load(made), new), old, on_progress)
            new.optimize(manifest.ann)
        folder.rename(aside)
        made.rename(folder)
    if repaired.lost:
        repaired.aside = aside
    else:
        shutil.rmtree(aside)
    return repaired


def _repair_collection(address: Collection, on_progress: Progress) -> Repaired:
    from splicedex.indexer.store.server import open_remote

    files, engine = open_remote(address)
    with engine:
        manifest = Manifest.load(files.folder, str(address), older=True)
        index = Index(files, replace(manifest, format=FORMAT), engine)
        if index.space.fingerprint != manifest.space:
            raise UserError(
                f"the concept space of {address} is not the one it was made with",
                "restore a snapshot of its files",
            )
        if wrong_files(index):
            nothing = np.zeros((0, index.space.dim), np.float32)
            index.save_calibration(calibrate(index.space, nothing))
        repaired = _mend(index, engine, on_progress)
        files.save(FILE, index.manifest.save)
    return repaired


def _manifest_of(folder: Path) -> Manifest:
    """The manifest of an index folder, or its copy."""
    try:
        return Manifest.load(folder, older=True)
    except UserError:
        if not (folder / COPY).exists():
            raise
        return Manifest.load(folder, file=COPY, older=True)


def _remake_files(folder: Path, made: Path, manifest: Manifest) -> None:
    """Write the files of an index anew, from the space and, if it holds, the calibration."""
    space = _space_of(folder, manifest)
    write_files(made, replace(manifest, format=FORMAT), space)
    with suppress(UserError):
        calibration = Calibration.load(folder / CALIBRATION)
        if calibration.fits(space):
            calibration.save(made / CALIBRATION)


def _space_of(folder: Path, manifest: Manifest) -> ConceptSpace:
    """The concept space that an index was made with: its own, or made again from the model."""
    own = folder / "space"

    def of_model() -> ConceptSpace:
        mean = ImageMean(load_matrix(own / IMAGE_MEAN), manifest.image_mean)
        vocabulary = (
            manifest.vocabulary if manifest.encoder and manifest.vocabulary != OWN else None
        )
        return load_model(manifest.model, lambda _: mean, vocabulary=vocabulary).space

    for find in (partial(ConceptSpace.load, own), of_model):
        with suppress(UserError):
            space = find()
            if space.fingerprint == manifest.space:
                return space
    raise UserError(
        f"the concept space in {own} is not the one the index was made with",
        "put the right files there, then repair again",
    )


@contextmanager
def _opened(points: Path, config: Path) -> Iterator[Engine]:
    """The engine in a folder; if need be with another configuration, or without parts.

    Args:
        points: The folder.
        config: The configuration of an engine of the same kind.
    """
    integrity.remove(points)
    told = ""
    for doubtful in (None, config.name, *SHAKY):
        if doubtful == config.name:
            shutil.copyfile(config, points / config.name)
        elif doubtful:
            for found in list(points.rglob(doubtful)):
                found.rename(found.with_name(f"{doubtful}.damaged"))
        # In a child: some kinds of damage end the process.
        tried = subprocess.run(
            [sys.executable, "-c", _TRY, str(points)],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        if tried.returncode == 0:
            with EdgeEngine.open(points) as engine:
                yield engine
            return
        told = tried.stdout.strip() or f"exit code {tried.returncode}"
    raise UserError(
        f"the engine in {points} is beyond repair ({told})",
        "restore a backup, or index anew into another folder",
    )


def _mend(index: Index, old: Engine, on_progress: Progress) -> Repaired:
    """Write the points of an engine into that of an index, mended."""
    repaired, total = Repaired(), old.count()
    index.register_columns(index.manifest.columns)
    for block in _read(old):
        found = list(zip(block, faults(index, block), strict=True))
        right = [hit for hit, fault in found if fault is None]
        faded = [hit for hit, fault in found if fault is Fault.PRESENCE]
        wrong = [hit for hit, fault in found if fault and fault not in {Fault.PRESENCE, *LOSSES}]
        lost = [hit for hit, fault in found if fault in LOSSES]
        written = _with_presence(index, faded) + ([] if old is index.engine else right)
        if written:
            index.engine.upsert(batch_of(written, len(index.space.concepts)))
        if wrong:
            index.engine.upsert(_derived_anew(index, wrong))
        if lost and old is index.engine:
            index.engine.delete([hit.id for hit in lost])
        repaired.kept += len(right)
        repaired.mended += len(faded) + len(wrong)
        repaired.lost += [str(hit.payload.get("path", hit.id)) for hit in lost]
        on_progress(repaired.kept + repaired.mended + len(repaired.lost), total)
    if out_of_date(index):
        recalibrate(index)
    index.counts.renew()
    return repaired


def _read(engine: Engine) -> Iterator[list[Hit]]:
    """All points in blocks; of those that cannot be read, the id alone."""
    for some in blocks(engine.scroll(with_payload=False, page=BLOCK), BLOCK):
        ids = [hit.id for hit in some]
        try:
            yield engine.retrieve(ids, with_dense=True, with_concepts=True)
        except UserError:
            yield [_read_one(engine, id_) for id_ in ids]


def _read_one(engine: Engine, id_: str) -> Hit:
    try:
        return engine.retrieve([id_], with_dense=True, with_concepts=True)[0]
    except (UserError, IndexError):
        return Hit(id_, 0.0)


def _with_presence(index: Index, hits: list[Hit]) -> list[Hit]:
    """Points with the presence of concepts in them computed again."""
    dense = np.array([hit.dense for hit in hits], np.float32).reshape(-1, index.space.dim)
    return [
        replace(hit, payload=hit.payload | presence)
        for hit, presence in zip(hits, index.strengths(dense), strict=True)
    ]


def _derived_anew(index: Index, hits: list[Hit]) -> Batch:
    """Points with all that follows from their embeddings computed again."""
    dense = np.array([hit.dense for hit in hits], np.float32)
    weights, payloads = Derivation.of(index)(dense)
    mended = [hit.payload | payload for hit, payload in zip(hits, payloads, strict=True)]
    return Batch([hit.id for hit in hits], dense, weights, mended)
