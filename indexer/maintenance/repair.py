"""Repairs an index from the embeddings it holds. No image is encoded again.

In a folder, all points that can be read are copied to a new engine; what is wrong with them and can
be computed from their embeddings is computed again. Then the new folder replaces the old one. On a
server, wrong points are overwritten. An index of an older format is converted in the same way.
Fingerprints that are lacking are computed from the photos that are still there.
"""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from splicedex.indexer.engines.base import Batch, Engine
from splicedex.indexer.engines.batch import batch_of
from splicedex.indexer.engines.edge.salvage import open_damaged
from splicedex.indexer.engines.query import Hit
from splicedex.indexer.maintenance.check_points import LOSSES, QUICK, faults
from splicedex.indexer.maintenance.fingerprints import add_fingerprints
from splicedex.indexer.maintenance.verify import Progress, wrong_files
from splicedex.indexer.payload.fingerprint import FIELD as FINGERPRINT
from splicedex.indexer.payload.fingerprint import is_fingerprint
from splicedex.indexer.payload.shows import PERCENT, SHOWS
from splicedex.indexer.pipeline.calibration import out_of_date, recalibrate
from splicedex.indexer.pipeline.decompose import Decomposer
from splicedex.indexer.sources.base import BLOCK, blocks
from splicedex.indexer.store.address import Address, Collection, Folder
from splicedex.indexer.store.folder import create_points
from splicedex.indexer.store.index import Index, store_of
from splicedex.indexer.store.local_files import LocalFiles
from splicedex.indexer.store.lock import hold
from splicedex.indexer.store.manifest import FILE, FORMAT, Manifest
from splicedex.indexer.store.state import CALIBRATION, COPY, LEXICON, write_files
from splicedex.splice.dictionary.image_mean import ImageMean
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.space import IMAGE_MEAN, ConceptSpace, load_matrix
from splicedex.splice.dictionary.word_frequency import BUNDLED, EARLIER, bundled_frequency
from splicedex.splice.errors import UserError
from splicedex.splice.load import OWN, load_model
from splicedex.splice.presence.calibration import Calibration, calibrate

FREED = f"{SHOWS}_"
"""New name of a column that older formats allowed to be called `shows`."""


@dataclass
class Repaired:
    """What a repair did.

    Args:
        kept: Number of images without a fault.
        mended: Number of images whose faults were repaired from their embedding.
        lost: Names or ids of the images that have to be indexed again.
        unprinted: Number of images without a fingerprint, because their photos are gone or have
            changed, or because there were only embeddings.
        aside: The damaged folder, kept under another name; None if no image is lost.
    """

    kept: int = 0
    mended: int = 0
    lost: list[str] = field(default_factory=list)
    unprinted: int = 0
    aside: Path | None = None


def repair(address: Address, *, on_progress: Progress = lambda *_: None) -> Repaired:
    """Compute again what is wrong in an index and follows from its embeddings.

    Args:
        address: Address of the index. No other process may have it open.
        on_progress: Called after every block.

    Returns:
        What was done.

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
        _write_files_again(folder, made, manifest)
        with (
            create_points(made / "points", manifest.dim) as new,
            open_damaged(folder / "points", made / "points") as old,
        ):
            index = Index(LocalFiles(made), Manifest.load(made), new)
            repaired = _repair_points(index, old, on_progress)
            new.optimize(manifest.ann)
            index.map_points()
        folder.rename(aside)
        made.rename(folder)
    if repaired.lost:
        repaired.aside = aside
    else:
        shutil.rmtree(aside)
    return repaired


def _repair_collection(address: Collection, on_progress: Progress) -> Repaired:
    with store_of(address).open() as (files, engine):
        manifest = Manifest.load(files.folder, str(address), older=True)
        index = Index(files, _todays(manifest), engine)
        if index.space.fingerprint != manifest.space:
            raise UserError(
                f"the concept space of {address} is not the one it was made with",
                "restore a snapshot of its files",
            )
        lexicon = _lexicon_of(files.folder, manifest, index.space)
        while not files.save(LEXICON, lexicon.save):
            pass
        if wrong_files(index):
            nothing = np.zeros((0, index.space.dim), np.float32)
            index.save_calibration(calibrate(index.space, nothing))
        repaired = _repair_points(index, engine, on_progress)
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


def _write_files_again(folder: Path, made: Path, manifest: Manifest) -> None:
    """Write the files of an index again; a calibration that fits the space is copied."""
    space = _space_of(folder, manifest)
    lexicon = _lexicon_of(folder, manifest, space)
    write_files(made, _todays(manifest), space, lexicon)
    with suppress(UserError):
        calibration = Calibration.load(folder / CALIBRATION)
        if calibration.fits(space):
            calibration.save(made / CALIBRATION)


def _space_of(folder: Path, manifest: Manifest) -> ConceptSpace:
    """The concept space that an index was made with: from its files, or else from the model."""
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


def _lexicon_of(folder: Path, manifest: Manifest, space: ConceptSpace) -> Lexicon:
    """The lexicon of an index: from its files, or else from the bundled table.

    One that was made from a bundled table of an earlier version is made again from today's.

    Raises:
        UserError: It is damaged, and was made from a table that the user gave.
    """
    if manifest.word_frequency in EARLIER:
        return Lexicon.of_space(space, bundled_frequency())
    try:
        return Lexicon.load(folder / LEXICON, len(space.concepts))
    except UserError as error:
        if manifest.word_frequency != BUNDLED:
            raise UserError(
                f"{folder / LEXICON} is damaged, and was made from {manifest.word_frequency}",
                "put the file back from a copy, then repair again",
            ) from error
    return Lexicon.of_space(space, bundled_frequency())


def _repair_points(index: Index, old: Engine, on_progress: Progress) -> Repaired:
    """Repair the points of an engine, and write them to the engine of an index.

    Where both engines are the same, correct points are not written.
    """
    repaired, total = Repaired(), old.count()
    index.register_columns(index.manifest.columns)
    for stored in _read(old):
        block = [_freed(hit) for hit in stored]
        found = list(zip(block, faults(index, block), strict=True))
        right = [hit for hit, fault in found if fault is None]
        outdated = [hit for hit, fault in found if fault in QUICK]
        wrong = [hit for hit, fault in found if fault and fault not in {*QUICK, *LOSSES}]
        lost = [hit for hit, fault in found if fault in LOSSES]
        written = _brought_up_to_date(index, outdated) + ([] if old is index.engine else right)
        if written:
            index.engine.upsert(batch_of(written, len(index.space.concepts)))
        if wrong:
            index.engine.upsert(_decomposed_again(index, wrong))
        if lost and old is index.engine:
            index.engine.delete([hit.id for hit in lost])
        repaired.kept += len(right)
        repaired.mended += len(outdated) + len(wrong)
        repaired.lost += [str(hit.payload.get("path", hit.id)) for hit in lost]
        on_progress(repaired.kept + repaired.mended + len(repaired.lost), total)
    if out_of_date(index):
        recalibrate(index)
    index.counts.rebuild()
    repaired.unprinted = add_fingerprints(index, on_progress)
    return repaired


def _freed(hit: Hit) -> Hit:
    """A point whose column `shows`, which older formats allowed, has another name."""
    if SHOWS not in hit.payload or PERCENT in hit.payload:
        return hit
    others = {name: value for name, value in hit.payload.items() if name != SHOWS}
    return replace(hit, payload=others | {FREED: hit.payload[SHOWS]})


def _todays(manifest: Manifest) -> Manifest:
    """A manifest of today's format and table of word frequencies.

    Its columns have the names that `_freed` gives them.
    """
    frequency = BUNDLED if manifest.word_frequency in EARLIER else manifest.word_frequency
    columns = dict(manifest.columns)
    if SHOWS in columns:
        columns[FREED] = columns.pop(SHOWS)
        warnings.warn(
            f"column {SHOWS!r} is called {FREED!r} from now on: the name is reserved", stacklevel=2
        )
    return replace(manifest, format=FORMAT, columns=columns, word_frequency=frequency)


def _read(engine: Engine) -> Iterator[list[Hit]]:
    """Read all points in blocks. A point that cannot be read has its id only."""
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


def _brought_up_to_date(index: Index, hits: list[Hit]) -> list[Hit]:
    """Points with their presence, and what they show, computed again."""
    dense = np.array([hit.dense for hit in hits], np.float32).reshape(-1, index.space.dim)
    return [
        replace(hit, payload=_printed(hit.payload) | presence | shown)
        for hit, presence, shown in zip(
            hits, index.strengths(dense), index.shown(dense), strict=True
        )
    ]


def _printed(payload: Mapping[str, Any]) -> dict[str, Any]:
    """A payload without the fingerprint, if that is damaged."""
    return {
        key: value for key, value in payload.items() if key != FINGERPRINT or is_fingerprint(value)
    }


def _decomposed_again(index: Index, hits: list[Hit]) -> Batch:
    """Points with everything that follows from their embeddings computed again."""
    dense = np.array([hit.dense for hit in hits], np.float32)
    weights, payloads = Decomposer.of(index)(dense)
    merged = [_printed(hit.payload) | payload for hit, payload in zip(hits, payloads, strict=True)]
    return Batch([hit.id for hit in hits], dense, weights, merged)
