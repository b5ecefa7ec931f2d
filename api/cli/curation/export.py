"""`splicedex export`: the images of a subset as a table or as a folder of files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.common import Yes, watching
from splicedex.api.cli.options import IndexAddress, Json
from splicedex.api.cli.render import console, print_json

if TYPE_CHECKING:
    from splicedex.search.curation.export import Export

EXAMPLES = """
[bold]Examples[/bold]

splicedex export "dog NOT person" --to dogs.csv --index photos.idx

splicedex export "label:cat" --to cats/ --as links --yes --index photos.idx

splicedex export "set:train" --to train/ --as imagefolder --label label --yes --index photos.idx

splicedex export "" --to labels.json --index photos.idx     for FiftyOne
"""
LISTED = 10


def run(
    index: IndexAddress,
    query: Annotated[str, typer.Argument(help="A query; empty for every image.")],
    to: Annotated[Path, typer.Option(help="File or folder.", show_default=False)],
    as_: Annotated[
        str | None,
        typer.Option(
            "--as",
            help="csv, jsonl, parquet, fiftyone, links, copies or imagefolder "
            "[default: by the suffix of --to, or links]",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(help="Column of classes: an imagefolder's folders, FiftyOne's labels."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a table that exists.")
    ] = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Write a table, or, with --yes, a folder of links or copies."""
    from splicedex.search.curation.export import export
    from splicedex.search.opening import open_searcher

    with open_searcher(index) as searcher, watching("exporting") as show:
        found = export(
            searcher,
            query,
            to,
            as_,  # type: ignore[arg-type]
            label,
            dry_run=not yes,
            overwrite=overwrite,
            on_progress=show,
        )
    if json:
        print_json(asdict(found))
    else:
        _show(found)


def _show(found: Export) -> None:
    for path in found.missing[:LISTED]:
        console.print(f"no file: {path}", style="yellow", highlight=False, markup=False)
    if len(found.missing) > LISTED:
        told = f"and {len(found.missing) - LISTED:,} more without a file"
        console.print(told, style="yellow", highlight=False)
    if not found.files:
        told = f"wrote {found.images:,} images to {found.to} as {found.format}"
    else:
        what = f"{found.files:,} files ({found.bytes / 1e6:,.1f} MB) as {found.format}"
        told = f"wrote {what} to {found.to}"
        if not found.done:
            told = f"would write {what} to {found.to}; add --yes to do it"
    console.print(told, highlight=False, markup=False)
