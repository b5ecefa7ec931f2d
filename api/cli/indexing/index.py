"""`splicedex index`: bring an index up to date with photos or embeddings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import TYPE_CHECKING

import typer

from splicedex.api.cli.asking import ask, can_ask
from splicedex.api.cli.indexing.index_options import IndexOptions, with_options
from splicedex.api.cli.indexing.index_report import (
    one_line,
    show_json,
    show_text,
    write_skipped,
)
from splicedex.api.cli.options import IndexAddress, sharded
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.indexer.pipeline.report import Removal, Report

EXAMPLES = """
[bold]Examples[/bold]

splicedex index --index photos.idx ~/Pictures

splicedex index --index photos.idx ~/Pictures --prune --errors unreadable.csv

splicedex index --index photos.idx ~/Pictures/deleted --prune  # drops the images of a folder

splicedex index --index photos.idx ~/Pictures --exclude '*.png' --exclude private/

splicedex index --index photos.idx ~/Pictures --tolerant --max-pixels 300M

splicedex index --index photos.idx --model nano --files files.csv --root photos/

splicedex index --index e.idx --model SPACE_FOLDER --embeddings X.npy --files files.csv

splicedex index --index e.idx --model ViT-B-32/openai --embeddings CLIP_RETRIEVAL_FOLDER

splicedex index --url http://qdrant:6333 --index photos ~/Pictures

Run it again at any time: unchanged images are skipped, images that have moved keep their tags and
are not encoded again, and a run that was stopped continues.
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
        confirm=partial(_is_meant, yes=options.yes),
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
    if report.not_pruned and not can_ask():
        raise UserError(
            f"nothing was pruned: --prune would remove {_told(report.not_pruned)}",
            "is a drive missing? if they are gone for good, add --yes",
        )
    if options.strict and report.skipped:
        raise UserError(
            f"{len(report.skipped):,} of {report.total:,} images could not be read",
            "repair or remove them, or leave out --strict",
        )


def _told(removal: Removal) -> str:
    where = f", under {one_line(removal.folder)}" if removal.folder else ""
    return f"{removal.images:,} of {removal.of:,} images{where}"


def _is_meant(removal: Removal, *, yes: bool) -> bool:
    question = f"They are no longer there: {_told(removal)}. Remove them from the index?"
    return yes or (can_ask() and ask(question))


class _Bars:
    """Progress bars on standard error."""

    def indexing(self, total: int) -> AbstractContextManager[Callable[[Report], None]]:
        from splicedex.api.cli import progress

        return progress.indexing(total)

    def optimizing(self) -> AbstractContextManager[None]:
        from splicedex.api.cli import progress

        return progress.waiting("building the search index")
