"""`splicedex export`: write images as a table or as a folder of files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import Query, Yes
from splicedex.api.cli.options import IndexAddress, Json, opened
from splicedex.api.cli.render import print_line, print_result

if TYPE_CHECKING:
    from splicedex.api.python.tables.results import Export

EXAMPLES = """
[bold]Examples[/bold]

splicedex export "dog NOT person" --to dogs.csv --index photos.idx

splicedex export label:cat --to cats/ --as links --yes --index photos.idx

splicedex export set:train --to train/ --as imagefolder --label label --yes --index photos.idx

splicedex export "" --to labels.json --index photos.idx  # for FiftyOne
"""
LISTED = 10
"""Missing files that are listed on a terminal."""


def run(
    index: IndexAddress,
    query: Query,
    to: Annotated[
        Path, typer.Option(help="File of the table, or folder to fill.", show_default=False)
    ],
    as_: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="Table: csv, jsonl, parquet or fiftyone. Folder: links, copies or imagefolder "
            "(Hugging Face).",
            show_default="by the suffix of --to, or links",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            help="Column of classes: the folders of an imagefolder, the labels for FiftyOne."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a table that exists.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Write images as a table, or as a folder of links or copies.

    A table is written at once; a folder only with --yes.
    """
    with opened(index) as ix:
        found = ix.export(
            query,
            to,
            as_=as_,  # type: ignore[arg-type]
            label=label,
            overwrite=overwrite,
            dry_run=not yes,
        )
    print_result(found, _show, as_json=json)


def _show(found: Export) -> None:
    for path in found.missing[:LISTED]:
        print_line(f"the file does not exist: {path}", "yellow")
    if len(found.missing) > LISTED:
        print_line(f"and {len(found.missing) - LISTED:,} more files do not exist", "yellow")
    if not found.files:
        print_line(f"wrote {found.images:,} images to {found.to} as {found.format}")
        return
    what = f"{found.files:,} files ({found.bytes / 1e6:,.1f} MB) to {found.to} as {found.format}"
    print_line(f"wrote {what}" if found.done else f"would write {what}; add --yes to do it")
