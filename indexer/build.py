"""The indexing run: what changed is read, decomposed and written; the rest is left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from indexer.calibration import enough_for_good, out_of_date, recalibrate
from indexer.engine import Batch
from indexer.index import Index, point_id
from indexer.sources import BLOCK, Block, Item, Source, blocks
from indexer.strength import FIELD, codes
from splice.decomposition import decompose, reconstruction_cosine


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
    index.know(source.kinds)
    known = _Known(index, report)
    try:
        for block in source.embed(known.changed(source.items())):
            _write(index, block)
            known.written(block)
            on_progress(report)
            if enough_for_good(index):
                recalibrate(index)
        if prune:
            report.pruned = _prune(index, source, known.seen)
        changed = bool(report.added or report.replaced or report.pruned)
        if out_of_date(index, changed=changed):
            recalibrate(index)
    except KeyboardInterrupt:
        report.stopped = True
    on_progress(report)
    return report


class _Known:
    """Tells which items the index has already, as they stand, and keeps the count."""

    def __init__(self, index: Index, report: Report) -> None:
        self._index = index
        self._report = report
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

    def _signatures(self, ids: list[str]) -> dict[str, str]:
        hits = self._index.engine.retrieve(ids, with_payload=("signature",))
        return {hit.id: hit.payload.get("signature", "") for hit in hits}


def _write(index: Index, block: Block) -> None:
    """Decompose a block and write its points."""
    if not block.items:
        return
    weights = decompose(index.space, block.embeddings, index.manifest.sparsity)
    presence = codes(index.presence(block.embeddings))
    cosines = reconstruction_cosine(index.space, block.embeddings, weights)
    payloads = []
    for row, (item, facts) in enumerate(zip(block.items, block.facts, strict=True)):
        start, end = weights.indptr[row], weights.indptr[row + 1]
        payloads.append(
            item.columns
            | facts
            | {
                "path": item.path,
                "folders": folders(item.path),
                "signature": item.signature,
                "concepts": weights.indices[start:end].tolist(),
                FIELD: presence[row],
                "cosine": round(float(cosines[row]), 4),
            }
        )
    ids = [point_id(item.path) for item in block.items]
    index.engine.upsert(Batch(ids, block.embeddings, weights, payloads))


def folders(path: str) -> list[str]:
    """The folders an image lies in, outermost first, so that a filter can name any of them."""
    above = [str(folder) for folder in PurePosixPath(path).parents if folder.name]
    return above[::-1]


def _prune(index: Index, source: Source, seen: set[str]) -> int:
    """Drop points the source covers but did not list."""
    gone = [
        hit.id
        for hit in index.engine.scroll(with_payload=("path",))
        if hit.id not in seen and source.covers(hit.payload["path"])
    ]
    for start in range(0, len(gone), BLOCK):
        index.engine.delete(gone[start : start + BLOCK])
    return len(gone)
