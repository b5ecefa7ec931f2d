"""`splicedex balance`: choose images so that several queries match equally many of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import Number, Query, Seed, Tag, Yes, split_words
from splicedex.api.cli.options import IndexAddress, Json, Paths, Print0, listing_of
from splicedex.api.cli.render import console, print_path, table
from splicedex.api.cli.selection.selecting import select

if TYPE_CHECKING:
    from splicedex.search.curation.balance import Balance
    from splicedex.search.searcher import Searcher

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
    from splicedex.search.curation.balance import balance

    def find(searcher: Searcher) -> Balance:
        return balance(searcher, query, split_words(by), n, seed)

    select(
        index,
        find,
        ids=_ids,
        to_json=asdict,
        show=_show,
        tag=tag,
        yes=yes,
        as_json=json,
        listing=listing_of(paths=paths, print0=print0, json=json),
    )


def _ids(found: Balance) -> list[str]:
    return [image.id for image in found.selection.chosen]


def _show(found: Balance) -> None:
    for image in found.selection.chosen:
        print_path(image.path)
    shown = table("query", "images", "chosen", right=["images", "chosen"])
    for part in found.parts:
        shown.add_row(part.query, f"{part.images:,}", f"{part.chosen:,}")
    console.print(shown)
