"""`splicedex index`: bring an index up to date with photos or embeddings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import typer

from splicedex.api.cli.asking import ask, can_ask
from splicedex.api.cli.indexing.index_options import IndexOptions, with_options
from splicedex.api.cli.indexing.index_report import show_text
from splicedex.api.cli.options import IndexAddress
from splicedex.api.cli.render import print_json
from splicedex.api.python.indexing import refuse_incomplete, run_index, told

if TYPE_CHECKING:
    from splicedex.indexer.pipeline.report import Removal

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
    from splicedex.api.cli.progress import Bars

    done = run_index(
        index,
        options.images(),
        options.settings(),
        reading=options.reading(),
        load=options.load(),
        workers=options.workers,
        prune=options.prune,
        confirm=partial(_is_meant, yes=options.yes),
        errors_file=options.errors_file,
        ann=options.method(),
        wait=options.wait,
        shards=options.shards,
        replicas=options.replicas,
        progress=Bars(),
    )
    if options.json:
        print_json(done.to_dict())
    else:
        show_text(done.outcome, options.errors_file)
    if done.outcome.report.stopped:
        raise typer.Exit(130)
    refuse_incomplete(done, strict=options.strict, asked=can_ask())


def _is_meant(removal: Removal, *, yes: bool) -> bool:
    question = f"They are no longer there: {told(removal)}. Remove them from the index?"
    return yes or (can_ask() and ask(question))
