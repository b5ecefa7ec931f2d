"""Photos that have moved: they keep their tags and vectors, and are not encoded again.

A photo that is new by name, or has changed, is hashed. If the index holds these bytes under other
names, it waits until all photos are listed. Then, of the names under which nothing is left, or
another photo is now, each is paired with the new name that is most like it: that photo has moved.
Any further one is a copy; it takes over the vectors, but no tags, which stay with one photo.

A photo that is listed as changed but holds the same bytes, such as one with a new time or other
cells in the table, is not encoded again either, and keeps its tags.

A photo moves in three steps, each durable: it is written under its new name, which says what it
moved from; the old one is deleted; the note is removed. A run that finds the note ends the move.
Photos that take each other's places, as when files are renumbered, are written at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from splicedex.indexer.engines.batch import batch_of
from splicedex.indexer.engines.query import Hit, Match
from splicedex.indexer.payload.columns import MOVED_FROM, removed
from splicedex.indexer.pipeline.moved.absent import FIELDS, Absent
from splicedex.indexer.pipeline.moved.pairing import pair
from splicedex.indexer.pipeline.stages import named
from splicedex.indexer.sources.base import BLOCK, Item, Source, blocks
from splicedex.indexer.sources.tables.column_names import RESERVED
from splicedex.indexer.store.index import HASH, Index, point_id

AHEAD = 256
"""Photos that are hashed while as many are decoded, so that they are read from the disk once."""
_OF_A_FILE = frozenset({"location", "bytes", MOVED_FROM})
"""Payload fields that another file does not take over."""


class KnownContent:
    """Holds back the items that need no encoder: the index has their bytes under another name.

    Args:
        index: Open index.
        source: Source of the items.
        indexed_before: Names of items that replace an image of the index, with its hash.
    """

    def __init__(
        self, index: Index, source: Source, indexed_before: Mapping[str, str | None]
    ) -> None:
        self._index = index
        self._source = source
        self._indexed_before = indexed_before
        self._empty = index.engine.count() == 0
        self._known: dict[str, bool] = {}
        self.held: dict[str, list[Item]] = {}
        """The items held back so far, by the hash of their content."""

    def unknown(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items whose content is not in the index, in their order.

        Args:
            items: Items that are new or have changed.
        """
        if self._empty:
            yield from items
            return
        with ThreadPoolExecutor(1, "hash") as hashing:
            waiting: tuple[list[Item], Future[dict[str, str]]] | None = None
            for block in blocks(items, AHEAD):
                following = block, hashing.submit(self._hashes, block)
                if waiting:
                    yield from self._unknown(*waiting)
                waiting = following
            if waiting:
                yield from self._unknown(*waiting)

    def _hashes(self, items: Sequence[Item]) -> dict[str, str]:
        """Hashes of the items by name."""
        hashes = self._source.content_hashes(items)
        return {item.path: found for item, found in zip(items, hashes, strict=True) if found}

    def _unknown(self, items: Sequence[Item], hashing: Future[dict[str, str]]) -> Iterator[Item]:
        hashes = hashing.result()
        before = self._indexed_before
        new = {content for path, content in hashes.items() if before.get(path) != content}
        if asked := sorted(new.difference(self._known)):
            hits = self._index.engine.scroll(Match(HASH, tuple(asked)), with_payload=(HASH,))
            found = {hit.payload[HASH] for hit in hits}
            self._known |= {one: one in found for one in asked}
        for item in items:
            content = hashes.get(item.path)
            if content is not None and (before.get(item.path) == content or self._known[content]):
                self.held.setdefault(content, []).append(item)
            else:
                yield item


@dataclass(frozen=True)
class Settled:
    """What became of some items that were held back.

    Args:
        moved: Photos that have moved.
        copied: Further copies.
        unknown: Items whose content is no longer in the index: they have to be encoded.
        rewritten: Photos that are where they were, with the same bytes; and copies at the places
            of other photos.
    """

    moved: Sequence[Item]
    copied: Sequence[Item]
    unknown: Sequence[Item]
    rewritten: Sequence[Item] = ()


@dataclass(frozen=True, slots=True)
class _Step:
    """An item, the point that it takes over from, and whether that point is the same photo."""

    item: Item
    content: str
    origin: str
    same: bool

    @property
    def moves(self) -> bool:
        """Whether the photo had another name."""
        return self.same and self.origin != point_id(self.item.path)


def settle(
    index: Index,
    source: Source,
    held: Mapping[str, Sequence[Item]],
    absent: Absent,
    indexed_before: Mapping[str, str | None],
) -> Iterator[Settled]:
    """Write the items that were held back, and delete the old points of those that have moved.

    Args:
        index: Open index.
        source: Source of the items.
        held: The items by the hash of their content.
        absent: Knows which images of the index are gone.
        indexed_before: Names of items that replace an image of the index, with its hash.

    Yields:
        What became of the items, block by block. Those that moved or were copied are durable.
    """
    if not held:
        return
    taking = [
        (content, item.path)
        for content, items in held.items()
        for item in items
        if indexed_before.get(item.path, content) != content
    ]
    taken = {point_id(path) for _, path in taking}
    columns = {one.column for one in source.findings()}
    replaced = {field for name in columns for field in removed(name)}

    def payload_of(step: _Step, known: Mapping[str, Any]) -> dict[str, Any]:
        dropped = replaced | _OF_A_FILE
        kept = {
            field: value
            for field, value in known.items()
            if field not in dropped and (step.same or field in RESERVED)
        }
        note = {MOVED_FROM: step.origin} if step.moves and step.origin not in taken else {}
        facts = source.facts(step.item, known)
        return kept | step.item.columns | facts | named(step.item) | note

    # Those of which one overwrites what another one needs are written together.
    related = {one for content, path in taking for one in (content, indexed_before[path])}
    together = sorted(held.keys() & related)
    others = blocks(sorted(held.keys() - set(together)), AHEAD)
    for hashes in chain([together] if together else [], others):
        steps, unknown = _steps(index, hashes, held, absent, taken)
        if unknown:
            yield Settled((), (), unknown)
        for block in blocks(steps, len(steps) if hashes is together else BLOCK):
            settled = _write(index, block, payload_of, taken)
            new = [item for item in settled.copied if item.path not in indexed_before]
            over = [item for item in settled.copied if item.path in indexed_before]
            yield replace(settled, copied=new, rewritten=[*settled.rewritten, *over])


def _steps(
    index: Index,
    hashes: Sequence[str],
    held: Mapping[str, Sequence[Item]],
    absent: Absent,
    taken: Collection[str],
) -> tuple[list[_Step], list[Item]]:
    """What to do, copies first: their origin may be a photo that moves; and items of no origin.

    Args:
        index: Open index.
        hashes: Hashes of content.
        held: Items by the hash of their content.
        absent: Knows which images of the index are gone.
        taken: Ids of the points at whose places other photos are now.
    """
    there: dict[str, list[Hit]] = {}
    for hit in index.engine.scroll(Match(HASH, tuple(hashes)), with_payload=(*FIELDS, HASH)):
        there.setdefault(hit.payload[HASH], []).append(hit)
    steps: list[_Step] = []
    unknown: list[Item] = []
    for content in hashes:
        hits = there.get(content, [])
        if not hits:
            unknown += held[content]
            continue
        ids = {hit.id for hit in hits}
        listed = [(item, point_id(item.path)) for item in held[content]]
        steps += [_Step(item, content, id_, True) for item, id_ in listed if id_ in ids]
        items = [item for item, id_ in listed if id_ not in ids]
        gone = [hit for hit in hits if hit.id in taken or absent.gone(hit)]
        pairs = pair([hit.payload["path"] for hit in gone], [item.path for item in items])
        moved = {new: gone[old].id for old, new in pairs}
        steps += [
            _Step(item, content, moved.get(number, hits[0].id), number in moved)
            for number, item in enumerate(items)
        ]
    return sorted(steps, key=lambda step: step.same), unknown


def _write(
    index: Index,
    steps: Sequence[_Step],
    payload_of: Callable[[_Step, Mapping[str, Any]], dict[str, Any]],
    taken: Collection[str],
) -> Settled:
    engine = index.engine
    origins = list(dict.fromkeys(step.origin for step in steps))
    found = engine.retrieve(origins, with_dense=True, with_concepts=True)
    whole = {hit.id: hit for hit in found if hit.dense is not None and hit.concepts is not None}

    def is_known(step: _Step) -> bool:
        return step.origin in whole and whole[step.origin].payload.get(HASH) == step.content

    done = [step for step in steps if is_known(step)]
    unknown = [step.item for step in steps if not is_known(step)]
    if done:
        batch = batch_of([whole[step.origin] for step in done], len(index.space.concepts))
        ids = [point_id(step.item.path) for step in done]
        payloads = [payload_of(step, whole[step.origin].payload) for step in done]
        engine.upsert(replace(batch, ids=ids, payloads=payloads))
        moves = {
            id_: step.origin
            for id_, step in zip(ids, done, strict=True)
            if step.moves and step.origin not in taken
        }
        if moves:
            engine.delete(list(moves.values()))
            engine.set_payload(list(moves), {MOVED_FROM: None})
    return Settled(
        [step.item for step in done if step.moves],
        [step.item for step in done if not step.same],
        unknown,
        [step.item for step in done if step.same and not step.moves],
    )


def finish(index: Index, unfinished: Mapping[str, str], absent: Absent) -> None:
    """End the moves that a killed run began: delete what is left at the old places.

    Args:
        index: Open index.
        unfinished: Ids of the points that say what they moved from, with the ids of those.
        absent: Knows which images of the index are gone.
    """
    for block in blocks(unfinished.items()):
        ids = [id_ for both in block for id_ in both]
        hits = {hit.id: hit for hit in index.engine.retrieve(ids, with_payload=(*FIELDS, HASH))}
        dead = [
            old
            for new, old in block
            if {old, new} <= hits.keys()
            and hits[old].payload.get(HASH) == hits[new].payload.get(HASH)
            and absent.gone(hits[old])
        ]
        if dead:
            index.engine.delete(dead)
        index.engine.set_payload([new for new, _ in block], {MOVED_FROM: None})
