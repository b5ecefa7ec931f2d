"""The indexing run: what changed is read, decomposed and written; the rest is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from splicedex.indexer.concurrency.prefetch import ahead
from splicedex.indexer.engines.base import Batch
from splicedex.indexer.pipeline.calibration import Vanguard, foresee, out_of_date, recalibrate
from splicedex.indexer.pipeline.decompose import Derived
from splicedex.indexer.pipeline.decompose_process import Deriving
from splicedex.indexer.sources.base import BLOCK, Block, Item, Source, blocks
from splicedex.indexer.store.index import Index, point_id


@dataclass
class Report:
    """What a run has done so far, in images.

    Args:
        total: How many the source lists.
    """

    total: int
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    pruned: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    """Images that could not be read, as (path, reason)."""
    stopped: bool = False
    """Interrupted before the end; what is counted is durable."""

    @property
    def done(self) -> int:
        """How many of the source's images are dealt with."""
        return self.added + self.replaced + self.unchanged + len(self.skipped)


def build(
    index: Index,
    source: Source,
    *,
    prune: bool = False,
    on_progress: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Bring an index up to date with a source.

    Unchanged images are skipped, changed ones replaced. Every block is durable once it is
    counted, so a run that dies is continued by running it again.

    Args:
        index: Open index.
        source: Images to index.
        prune: Drop indexed images that the source covers but no longer lists.
        on_progress: Called with the report after every block.

    Returns:
        What was done; `stopped` if Ctrl-C ended it.

    Raises:
        UserError: From the source or the engine.
    """
    report = Report(total=len(source))
    index.register_columns(source.kinds)
    index.counts.forget()
    try:
        if source.at_hand and index.engine.count() == 0:
            foresee(index, source)
        vanguard = Vanguard(index, source.names)
        known = _Known(index, report, vanguard)
        # Three stages at once: this thread writes, one decomposes, one reads and embeds.
        changed = source.embed(known.changed(source.items(vanguard.order)))
        with (
            Deriving(index) as derive,
            closing(ahead(changed)) as embedded,
            closing(ahead(_Prepared(index, block, derive) for block in embedded)) as ready,
        ):
            for prepared in ready:
                prepared.write()
                known.written(prepared.block)
                on_progress(report)
                if vanguard.has_arrived():
                    recalibrate(index)
        if prune:
            report.pruned = _prune(index, source, known.seen, {path for path, _ in report.skipped})
        if out_of_date(index):
            recalibrate(index)
        index.counts.renew()
    except KeyboardInterrupt:
        report.stopped = True
    on_progress(report)
    return report


class _Known:
    """Tells which items the index has already, as they stand, and keeps the count."""

    def __init__(self, index: Index, report: Report, vanguard: Vanguard) -> None:
        self._index = index
        self._report = report
        self._vanguard = vanguard
        self._empty = index.engine.count() == 0
        self._stale: set[str] = set()
        self.seen: set[str] = set()

    def changed(self, items: Iterable[Item]) -> Iterator[Item]:
        """Items that are new or differ from what is indexed."""
        for block in blocks(items, BLOCK):
            ids = [point_id(item.path) for item in block]
            self.seen.update(ids)
            signatures = {} if self._empty else self._signatures(ids)
            for item, id_ in zip(block, ids, strict=True):
                if signatures.get(id_) == item.signature:
                    self._report.unchanged += 1
                    self._vanguard.arrive(item.path)
                    continue
                if id_ in signatures:
                    self._stale.add(item.path)
                yield item

    def written(self, block: Block) -> None:
        """Count a block that is durable."""
        replaced = self._stale.intersection(item.path for item in block.items)
        self._stale -= replaced
        self._report.replaced += len(replaced)
        self._report.added += len(block.items) - len(replaced)
        self._report.skipped.extend(block.skipped)
        for item in block.items:
            self._vanguard.arrive(item.path)
        for path, _ in block.skipped:
            self._vanguard.lose(path)

    def _signatures(self, ids: list[str]) -> dict[str, str]:
        hits = self._index.engine.retrieve(ids, with_payload=("signature",))
        return {hit.id: hit.payload.get("signature", "") for hit in hits}


class _Prepared:
    """A block decomposed, as points.

    Args:
        index: Open index.
        block: Of its source.
        derive: What the index does with embeddings.
    """

    def __init__(self, index: Index, block: Block, derive: Deriving) -> None:
        self.block = block
        self._index = index
        self._calibration = index.calibration
        if block.items:
            self._batch = _batch(block, derive(block.embeddings, self._calibration))

    def write(self) -> None:
        """Write the points, by the calibration of now."""
        if not self.block.items:
            return
        if self._calibration is not self._index.calibration:
            renewed = self._index.strengths(self.block.embeddings)
            for payload, presence in zip(self._batch.payloads, renewed, strict=True):
                payload |= presence
        self._index.engine.upsert(self._batch)


def _batch(block: Block, derived: Derived) -> Batch:
    """The points of a block."""
    weights, found = derived
    payloads = [
        item.columns
        | facts
        | {"path": item.path, "folders": folders(item.path), "signature": item.signature}
        | concepts
        for item, facts, concepts in zip(block.items, block.facts, found, strict=True)
    ]
    ids = [point_id(item.path) for item in block.items]
    return Batch(ids, block.embeddings, weights, payloads)


def folders(path: str) -> list[str]:
    """The folders an image lies in, outermost first, so that a filter can name any of them."""
    above = [str(folder) for folder in PurePosixPath(path).parents if folder.name]
    return above[::-1]


def _prune(index: Index, source: Source, seen: set[str], unread: set[str]) -> int:
    """Drop points the source covers but did not list, unless in a folder it could not list."""
    gone = [
        hit.id
        for hit in index.engine.scroll(with_payload=("path",))
        if hit.id not in seen
        and source.covers(hit.payload["path"])
        and unread.isdisjoint(folders(hit.payload["path"]))
    ]
    for start in range(0, len(gone), BLOCK):
        index.engine.delete(gone[start : start + BLOCK])
    return len(gone)
