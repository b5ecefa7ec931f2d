"""The index run: brings an index up to date with a source.

    stage             function                 runs in
    list              Source.items             thread "embed"
    filter unchanged  UnchangedFilter.changed  thread "embed"
    decode, embed     Source.embed             thread "embed"; photos are decoded in child processes
    decompose         decompose_blocks         thread "decompose"; after 4,096 images it waits for a
                                               child process that computes
    write, count      write_block              the calling thread

A stage draws from the one before it. Each of the two threads keeps at most one finished block
waiting for the next stage, so the stages overlap and memory stays bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from splicedex.indexer.concurrency.prefetch import prefetch
from splicedex.indexer.pipeline.calibration import (
    CalibrationSample,
    out_of_date,
    precalibrate,
    recalibrate,
)
from splicedex.indexer.pipeline.decompose_process import DecomposeProcess
from splicedex.indexer.pipeline.report import Report
from splicedex.indexer.pipeline.retype import retype
from splicedex.indexer.pipeline.stages import (
    UnchangedFilter,
    count_block,
    decompose_blocks,
    folders,
    write_block,
)
from splicedex.indexer.sources.base import BLOCK, Source
from splicedex.indexer.store.index import Index

OnProgress = Callable[[Report], None]
"""Called with the report after every block."""


def build(
    index: Index,
    source: Source,
    *,
    prune: bool = False,
    on_progress: OnProgress = lambda report: None,
) -> Report:
    """Bring an index up to date with a source.

    Unchanged images are skipped, changed ones replaced. Every block is durable once it is counted,
    so a run that dies is continued by running it again. Ctrl-C ends the run early and is reported.

    Args:
        index: Open index.
        source: Images to index.
        prune: Whether to remove indexed images that the source covers but no longer lists.
        on_progress: Called with the report after every block.

    Returns:
        What was done; its `stopped` is set if Ctrl-C ended the run.

    Raises:
        UserError: The source or the engine failed.
    """
    report = Report(total=len(source))
    retype(index, source.kinds)
    index.register_columns(source.kinds)
    index.counts.invalidate()
    try:
        if source.precomputed and index.engine.count() == 0:
            precalibrate(index, source)
        seen = _run_stages(index, source, report, on_progress)
        if prune:
            report.pruned = _prune(index, source, seen, {path for path, _ in report.skipped})
        if out_of_date(index):
            recalibrate(index)
        index.counts.rebuild()
    except KeyboardInterrupt:
        report.stopped = True
    on_progress(report)
    return report


def _run_stages(index: Index, source: Source, report: Report, on_progress: OnProgress) -> set[str]:
    """Compose the stages and run them to the end. Returns the point ids of all listed images."""
    sample = CalibrationSample(index, source.names)
    unchanged = UnchangedFilter(index, report, sample)
    with DecomposeProcess(index) as decompose:
        listed = source.items(sample.order)
        changed = unchanged.changed(listed)
        embedded = prefetch(source.embed(changed), name="embed")
        decomposed = prefetch(decompose_blocks(index, embedded, decompose), name="decompose")
        # Closing a prefetch waits for its thread: first the later stage, which draws from the
        # earlier one, and last the process that it calls.
        with closing(embedded), closing(decomposed):
            for ready in decomposed:
                write_block(index, ready)
                count_block(report, ready.block, unchanged, sample)
                on_progress(report)
                if sample.is_complete():
                    recalibrate(index)
    return unchanged.seen


def _prune(index: Index, source: Source, seen: set[str], unread: set[str]) -> int:
    """Remove the points that the source covers but did not list. Returns their number.

    Points below a folder that could not be listed stay.
    """
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
