"""The index run: brings an index up to date with a source.

    stage             function                 runs in
    list              Source.items             thread "embed"
    filter unchanged  UnchangedFilter.changed  thread "embed"
    filter known      KnownContent.unknown     thread "embed"; photos are hashed in further threads
    decode, embed     Source.embed             thread "embed"; photos are decoded in child processes
    decompose         decompose_blocks         thread "decompose"; after 4,096 images it waits for a
                                               child process that computes
    write, count      write_block              the calling thread

At the end, images whose content the index has under another name are moved or copied (`settle`),
and those that are no longer there are removed (`prune`).

A stage draws from the one before it. Each of the two threads keeps at most one finished block
waiting for the next stage, so the stages overlap and memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing

from splicedex.indexer.concurrency.prefetch import prefetch
from splicedex.indexer.pipeline.calibration import (
    CalibrationSample,
    out_of_date,
    precalibrate,
    recalibrate,
)
from splicedex.indexer.pipeline.decompose_process import DecomposeProcess
from splicedex.indexer.pipeline.moved.absent import Absent
from splicedex.indexer.pipeline.moved.moves import KnownContent, finish, settle
from splicedex.indexer.pipeline.moved.prune import Confirm
from splicedex.indexer.pipeline.moved.prune import prune as remove
from splicedex.indexer.pipeline.report import Report
from splicedex.indexer.pipeline.retype import retype
from splicedex.indexer.pipeline.stages import (
    UnchangedFilter,
    count_block,
    decompose_blocks,
    write_block,
)
from splicedex.indexer.sources.base import Item, Source
from splicedex.indexer.store.index import HASH, Index

OnProgress = Callable[[Report], None]
"""Called with the report after every block."""


def build(
    index: Index,
    source: Source,
    *,
    prune: bool = False,
    confirm: Confirm = lambda removal: True,
    on_progress: OnProgress = lambda report: None,
) -> Report:
    """Bring an index up to date with a source.

    Unchanged images are skipped, changed ones replaced; those that have moved keep their tags.
    Every block is durable once it is counted, so a run that dies is continued by running it again.
    Ctrl-C ends the run early and is reported.

    Args:
        index: Open index.
        source: Images to index.
        prune: Whether to remove indexed images that the source covers but no longer lists.
        confirm: Asked before more than a tenth of the images are removed.
        on_progress: Called with the report after every block.

    Returns:
        What was done; its `stopped` is set if Ctrl-C ended the run.

    Raises:
        UserError: The source or the engine failed.
    """
    report = Report(total=len(source))
    retype(index, source.kinds)
    index.register_columns(source.kinds)
    index.engine.create_index(HASH, "keyword")
    index.counts.invalidate()
    try:
        if source.precomputed and index.engine.count() == 0:
            precalibrate(index, source)
        run = _Run(index, source, report, on_progress)
        absent = run.write_all(prune=prune)
        if prune:
            before = index.engine.count() - report.added
            report.pruned, report.not_pruned = remove(index, absent, before, confirm)
        if out_of_date(index):
            recalibrate(index)
        index.counts.rebuild()
        index.map_points()
    except KeyboardInterrupt:
        report.stopped = True
    on_progress(report)
    return report


class _Run:
    """Writes the images of a source.

    Args:
        index: Open index.
        source: Images to index.
        report: Counts what was done.
        on_progress: Called with the report after every block.
    """

    def __init__(
        self, index: Index, source: Source, report: Report, on_progress: OnProgress
    ) -> None:
        self._index = index
        self._source = source
        self._report = report
        self._on_progress = on_progress
        self._sample = CalibrationSample(index, source.names)
        self._unchanged = UnchangedFilter(index, report, self._sample)
        self._known = KnownContent(index, source, self._unchanged.indexed_before)

    def write_all(self, *, prune: bool) -> Absent:
        """Write all images that are new, have changed or have moved.

        Args:
            prune: Whether the run will remove what the source no longer lists.

        Returns:
            Knows which images of the index the run did not find.
        """
        listed = self._source.items(self._sample.order)
        self._encode(self._known.unknown(self._unchanged.changed(listed)))
        unread = {path for path, _ in self._report.skipped}
        absent = Absent(self._source, self._unchanged.seen, unread, prune=prune)
        finish(self._index, self._unchanged.unfinished, absent)
        self._settle(absent)
        return absent

    def _encode(self, items: Iterable[Item]) -> None:
        """Compose the stages and run them to the end."""
        index, report = self._index, self._report
        with DecomposeProcess(index) as decompose:
            embedded = prefetch(self._source.embed(items), name="embed")
            decomposed = prefetch(decompose_blocks(index, embedded, decompose), name="decompose")
            # Closing a prefetch waits for its thread: first the later stage, which draws from the
            # earlier one, and last the process that it calls.
            with closing(embedded), closing(decomposed):
                for ready in decomposed:
                    write_block(index, ready)
                    count_block(report, ready.block, self._unchanged, self._sample)
                    self._on_progress(report)
                    if self._sample.is_complete():
                        recalibrate(index)

    def _settle(self, absent: Absent) -> None:
        """Move or copy what the index has under another name; encode what it no longer has."""
        unknown: list[Item] = []
        before = self._unchanged.indexed_before
        for settled in settle(self._index, self._source, self._known.held, absent, before):
            self._report.moved += len(settled.moved)
            self._report.added += len(settled.copied)
            self._report.copied += len(settled.copied)
            self._report.replaced += len(settled.rewritten)
            for item in (*settled.moved, *settled.copied, *settled.rewritten):
                self._sample.add_written(item.path)
            unknown += settled.unknown
            self._on_progress(self._report)
        if unknown:
            self._encode(unknown)
