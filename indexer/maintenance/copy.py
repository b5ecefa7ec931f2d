"""Copies an index to another address. A copy that stopped can be continued, and is verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from splicedex.indexer.engines.base import Engine
from splicedex.indexer.engines.batch import batch_of
from splicedex.indexer.maintenance.checksum import Checksum, digest
from splicedex.indexer.payload.columns import indexes
from splicedex.indexer.sources.base import BLOCK, blocks
from splicedex.indexer.store.address import Address
from splicedex.indexer.store.base import Store
from splicedex.indexer.store.index import OWN_FIELDS, Index, open_index, store_of
from splicedex.splice.errors import UserError

Progress = Callable[[int, int], None]
"""Called with the number of points done, and the number of all points."""


@dataclass(frozen=True)
class Copied:
    """The result of a copy.

    Args:
        images: Images in either index now.
        written: Images that were written; the others were there before.
        checksum: Checksum of the points, the same in both.
    """

    images: int
    written: int
    checksum: str


def copy_index(
    source: Index, address: Address, *, on_progress: Progress = lambda *_: None
) -> Copied:
    """Copy an index, or continue a copy that stopped.

    Args:
        source: Open index.
        address: Destination. It becomes an index when all points are there and verified.
        on_progress: Called after every block.

    Raises:
        UserError: The destination holds something else, or the copy differs from the source.
    """
    store = store_of(address)
    if store.files() is not None:
        return _already_there(source, store)
    with store.fill(source.manifest.dim) as target:
        _refuse_other_points(source, target.engine, address)
        for name, kind in {**OWN_FIELDS, **indexes(source.manifest.columns)}.items():
            target.engine.create_index(name, kind)
        written, expected = _fill(source, target.engine, on_progress)
        _compare(expected, checksum(target.engine), address)
        target.finish(source.files, source.manifest.ann)
    return Copied(expected.points, written, str(expected))


def checksum(engine: Engine) -> Checksum:
    """Compute the checksum of all points of an engine.

    Args:
        engine: Open engine.
    """
    found = Checksum()
    for hit in engine.scroll(with_dense=True, with_concepts=True):
        found.add(hit)
    return found


def _fill(source: Index, engine: Engine, on_progress: Progress) -> tuple[int, Checksum]:
    """Write the points that differ. Returns their number, and the checksum of all points."""
    begun = engine.count() > 0
    total, written, expected = source.engine.count(), 0, Checksum()
    hits = source.engine.scroll(with_dense=True, with_concepts=True, page=BLOCK)
    for block in blocks(hits, BLOCK):
        there: dict[str, int] = {}
        if begun:
            ids = [hit.id for hit in block]
            found = engine.retrieve(ids, with_dense=True, with_concepts=True)
            there = {hit.id: digest(hit) for hit in found}
        missing = [hit for hit in block if there.get(hit.id) != digest(hit)]
        if missing:
            engine.upsert(batch_of(missing, len(source.space.concepts)))
        written += len(missing)
        for hit in block:
            expected.add(hit)
        on_progress(expected.points, total)
    return written, expected


def _refuse_other_points(source: Index, engine: Engine, address: Address) -> None:
    """Check that all points at the destination belong to a copy of this index."""
    for block in blocks(engine.scroll(with_payload=False), BLOCK):
        ids = [hit.id for hit in block]
        if len(source.engine.retrieve(ids, with_payload=False)) != len(ids):
            raise UserError(
                f"{address} holds points that {source.files.origin} does not",
                "copy to another address",
            )


def _already_there(source: Index, store: Store) -> Copied:
    with open_index(store) as other:
        expected = checksum(source.engine)
        if checksum(other.engine) != expected:
            raise UserError(f"{store} holds another index", "copy to another address, or remove it")
    return Copied(expected.points, 0, str(expected))


def _compare(expected: Checksum, found: Checksum, address: Address) -> None:
    if found != expected:
        raise UserError(
            f"the copy in {address} is not the same: {found.points:,} points with checksum {found},"
            f" not {expected.points:,} with {expected}",
            "copy again: points that differ are written again",
        )
