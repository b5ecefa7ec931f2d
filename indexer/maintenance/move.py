"""Moves images of an index to another root, as after a change of drive. No photo is read."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from splicedex.indexer.engines.batch import batch_of
from splicedex.indexer.maintenance.roots import Place, Root
from splicedex.indexer.maintenance.verify import Progress
from splicedex.indexer.pipeline.calibration import out_of_date, recalibrate
from splicedex.indexer.pipeline.stages import folders
from splicedex.indexer.sources.base import BLOCK, blocks
from splicedex.indexer.sources.location import printable
from splicedex.indexer.sources.on_disk import is_gone
from splicedex.indexer.store.index import Index, point_id
from splicedex.splice.errors import UserError

SAMPLE = 100
"""Photos that are looked for at their new place."""
NAMED = 3
"""Names that an error lists."""


@dataclass(frozen=True, slots=True)
class Change:
    """An image that gets another name or location.

    Args:
        id: Point id of the image so far.
        name: Its name so far.
        place: Its new name and location.
    """

    id: str
    name: str
    place: Place

    @property
    def new_id(self) -> str:
        """Point id of the image under its new name."""
        return point_id(self.place.name)


@dataclass(frozen=True, slots=True)
class Move:
    """What a move changes.

    Args:
        root: The old and the new root.
        changes: The images whose name or location changes.
        sampled: Number of photos that were looked for at their new place.
        missing: Number of these that are not there.
    """

    root: Root
    changes: Sequence[Change]
    sampled: int
    missing: int


def plan_move(index: Index, old: str, new: str) -> Move:
    """Find what a change of root changes, and check that it can be done. Writes nothing.

    Args:
        index: Open index.
        old: Root of names, or of the locations of photos. A relative one is the first parts of
            names that a table gave, or else relative to the working folder.
        new: The new root.

    Raises:
        UserError: A root is empty, no image lies under the old one, an image has the new name of
            another, or one root is the other or lies in it.
    """
    if not old or not new:
        raise UserError("a folder has no name", "name OLD and NEW; is a variable not set?")
    if os.path.normpath(old) == os.path.normpath(new):
        raise UserError(f"{old} is both OLD and NEW", "name the folder where the photos are now")
    candidates = list(dict.fromkeys(_roots(old, new)))
    found: dict[Root, list[Change]] = {root: [] for root in candidates}
    for hit in index.engine.scroll(with_payload=("path", "location")):
        for root in candidates:
            place = root.place_of(hit.payload)
            if place and (place.name, place.location) != _now(hit.payload):
                found[root].append(Change(hit.id, hit.payload["path"], place))
    if not any(found.values()):
        raise UserError(
            f"no image of the index lies under {old}", "name a folder as search prints it"
        )
    root, changes = next((root, changes) for root, changes in found.items() if changes)
    _refuse_nested(root, changes)
    _refuse_taken(index, changes)
    sampled = [change for change in changes[:: -(-len(changes) // SAMPLE)] if change.place.file]
    missing = sum(is_gone(change.place.file) for change in sampled if change.place.file)
    return Move(root, changes, len(sampled), missing)


def apply_move(index: Index, move: Move, *, on_progress: Progress = lambda *_: None) -> None:
    """Write images under their new names. One that was stopped is continued by planning it again.

    Args:
        index: Open index.
        move: What to change, from `plan_move`.
        on_progress: Called after every block.
    """
    index.counts.invalidate()
    done = 0
    for block in blocks(move.changes, BLOCK):
        renamed = [change for change in block if change.new_id != change.id]
        relocated = [change for change in block if change.new_id == change.id]
        if renamed:
            _rename(index, renamed)
        index.engine.set_payloads(
            {change.id: {"location": change.place.location} for change in relocated}
        )
        done += len(block)
        on_progress(done, len(move.changes))
    if out_of_date(index):
        recalibrate(index)
    index.counts.rebuild()


def _roots(old: str, new: str) -> Iterator[Root]:
    """What the user may mean: parts of names as they are, or paths."""
    if not Path(old).is_absolute():
        yield Root(printable(old), printable(new))
    yield Root(*(printable(os.path.abspath(Path(root).expanduser())) for root in (old, new)))


def _now(payload: Mapping[str, Any]) -> tuple[str, str | None]:
    return payload["path"], payload.get("location")


def _refuse_nested(root: Root, changes: Iterable[Change]) -> None:
    """Refuse a move that, stopped and run again, would move the same images once more."""
    for change in changes:
        now = {"path": change.place.name, "location": change.place.location}
        if root.place_of(now) is not None:
            raise UserError(
                f"{change.name} would still lie under {root.old}, as {change.place.name}",
                "move to a name outside first, and from there to the right one: --force --yes",
            )


def _refuse_taken(index: Index, changes: Sequence[Change]) -> None:
    """Refuse new names that other images have. The same image is left from a move that stopped."""
    names = Counter(change.place.name for change in changes)
    taken = [name for name, count in names.items() if count > 1]
    for block in blocks(change for change in changes if change.new_id != change.id):
        ids = [change.new_id for change in block]
        there = {hit.id: hit.payload for hit in index.engine.retrieve(ids)}
        again = [change for change in block if change.new_id in there]
        hits = index.engine.retrieve([change.id for change in again])
        for change, hit in zip(again, hits, strict=True):
            if there[change.new_id] != _payload(change, hit.payload):
                taken.append(change.place.name)
    if taken:
        more = f" and {len(taken) - NAMED:,} more" if len(taken) > NAMED else ""
        raise UserError(
            f"several images would be called {', '.join(taken[:NAMED])}{more}",
            "choose another name, or prune the images that have it already",
        )


def _rename(index: Index, changes: Sequence[Change]) -> None:
    """Write images under new names, then delete the old ones."""
    engine = index.engine
    wanted = {change.id: change for change in changes}
    there = engine.retrieve([change.new_id for change in changes], with_payload=False)
    written = {hit.id for hit in there}
    hits = [
        hit
        for hit in engine.retrieve(list(wanted), with_dense=True, with_concepts=True)
        if wanted[hit.id].new_id not in written
    ]
    if hits:
        batch = batch_of(hits, len(index.space.concepts))
        ids = [wanted[hit.id].new_id for hit in hits]
        payloads = [_payload(wanted[hit.id], hit.payload) for hit in hits]
        engine.upsert(replace(batch, ids=ids, payloads=payloads))
    engine.delete(list(wanted))


def _payload(change: Change, payload: Mapping[str, Any]) -> dict[str, Any]:
    """The payload of an image under its new name."""
    name, location = change.place.name, change.place.location
    kept = {field: value for field, value in payload.items() if field != "location"}
    located = {} if location is None else {"location": location}
    return kept | {"path": name, "folders": folders(name)} | located
