"""`splicedex balance`: images in which some concepts are as common as one another."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from splicedex.api.cli.curation.common import Seed, Tag, Yes, show_images, split_words, tag_chosen
from splicedex.api.cli.options import IndexAddress, Json
from splicedex.api.cli.render import console, print_json, table

EXAMPLES = """
[bold]Examples[/bold]

splicedex balance "person" --by woman,man,child --n 300 --index photos.idx

splicedex balance "" --by label:cat,label:dog --n 100 --tag set=even --yes --index photos.idx
"""


def run(
    index: IndexAddress,
    query: Annotated[str, typer.Argument(help="Among these; empty for every image.")],
    by: Annotated[str, typer.Option(help="Queries, with commas: dog,cat", show_default=False)],
    n: Annotated[int, typer.Option("--n", min=1, help="Images to choose.", show_default=False)],
    seed: Seed = 0,
    tag: Tag = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Choose images so that the parts are as equal in number as they can be."""
    from splicedex.search.curation.balance import balance
    from splicedex.search.opening import open_searcher

    with open_searcher(index) as searcher:
        found = balance(searcher, query, split_words(by), n, seed)
        ids = [image.id for image in found.selection.chosen]
        told = tag_chosen(searcher, tag, ids, yes=yes)
    if json:
        print_json({**asdict(found), "tagged": told})
        return
    show_images(found.selection.chosen)
    shown = table("part", "there", "chosen", right=["there", "chosen"])
    for part in found.parts:
        shown.add_row(part.query, f"{part.images:,}", f"{part.chosen:,}")
    console.print(shown)
    if told:
        console.print(told, style="dim", highlight=False, markup=False)
