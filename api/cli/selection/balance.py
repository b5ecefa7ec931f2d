"""`splicedex balance`: choose images so that several queries match equally many of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import Number, Query, Seed, Tag, Yes, split_words
from splicedex.api.cli.options import IndexAddress, Json, Paths, Print0
from splicedex.api.cli.render import console, print_path, table
from splicedex.api.cli.selection.selecting import select

if TYPE_CHECKING:
    from splicedex.api.python.index import Index
    from splicedex.api.python.tables.results import Balance

EXAMPLES = """
[bold]Examples[/bold]

splicedex balance "" --n 300 --index photos.idx  # by what most images show

splicedex balance person --by woman,man,child --n 300 --index photos.idx

splicedex balance "" --by label:cat,label:dog --n 100 --tag set=even --yes --index photos.idx
"""


def run(
    index: IndexAddress,
    query: Query,
    n: Number,
    by: Annotated[
        str | None,
        typer.Option(
            help="Queries of the parts, separated by commas: dog,cat. An image can match several.",
            show_default="the concepts that most images show",
        ),
    ] = None,
    seed: Seed = 0,
    tag: Tag = None,
    yes: Yes = False,
    paths: Paths = False,
    print0: Print0 = False,
    json: Json = False,
) -> None:
    """Choose images so that several queries match equally many of them.

    Images that match none of these queries are never chosen.
    """

    def choose(ix: Index, tags: dict[str, str] | None) -> Balance:
        parts = split_words(by)
        return ix.balance(query, n, by=parts, seed=seed, tag=tags, dry_run=not yes)

    select(index, choose, _show, tag=tag, paths=paths, print0=print0, json=json)


def _show(found: Balance) -> None:
    for image in found.chosen:
        print_path(image.name)
    shown = table("query", "images", "chosen", right=["images", "chosen"])
    for part in found.parts:
        shown.add_row(part.query, f"{part.images:,}", f"{part.chosen:,}")
    console.print(shown)
