"""`splicedex index`: bring an index up to date with photos or embeddings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import typer

from splicedex.api.cli.indexing.index_options import IndexOptions, with_options
from splicedex.api.cli.indexing.index_report import show_json, show_text, write_skipped
from splicedex.api.cli.options import IndexAddress, sharded
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.indexer.pipeline.report import Report

EXAMPLES = """
[bold]Examples[/bold]

splicedex index --index photos.idx ~/Pictures

splicedex index --index photos.idx ~/Pictures --prune --errors unreadable.csv

splicedex index --index photos.idx ~/Pictures --exclude '*.png' --exclude private/

splicedex index --index photos.idx ~/Pictures --tolerant --max-pixels 300M

splicedex index --index photos.idx --model nano --files files.csv --root photos/

splicedex index --index e.idx --model SPACE_FOLDER --embeddings X.npy --files files.csv

splicedex index --index e.idx --model ViT-B-32/openai --embeddings CLIP_RETRIEVAL_FOLDER

splicedex index --url http://qdrant:6333 --index photos ~/Pictures

Run it again at any time: unchanged images are skipped, and a run that was stopped continues.
"""


@with_options
def run(index: IndexAddress, options: IndexOptions) -> None:
    """Index photos, or precomputed embeddings."""
    from splicedex.indexer.pipeline.index_images import index_images

    method, images, settings = options.method(), options.images(), options.settings()
    reading = options.reading()
    address = sharded(index, options.shards, options.replicas)
    if options.errors_file:
        write_skipped(options.errors_file, [])  # before hours of work: it may not be writable
    outcome = index_images(
        address,
        images,
        settings,
        load=options.load(),
        reading=reading,
        workers=options.workers,
        prune=options.prune,
        ann=method,
        wait=options.wait,
        progress=_Bars(),
    )
    report = outcome.report
    if options.errors_file:
        write_skipped(options.errors_file, report.skipped)
    if options.json:
        show_json(outcome)
    else:
        show_text(outcome, options.errors_file)
    if report.stopped:
        raise typer.Exit(130)
    if options.strict and report.skipped:
        raise UserError(
            f"{len(report.skipped):,} of {report.total:,} images could not be read",
            "repair or remove them, or leave out --strict",
        )


class _Bars:
    """Progress bars on standard error."""

    def indexing(self, total: int) -> AbstractContextManager[Callable[[Report], None]]:
        from splicedex.api.cli import progress

        return progress.indexing(total)

    def optimizing(self) -> AbstractContextManager[None]:
        from splicedex.api.cli import progress

        return progress.waiting("building the search index")
