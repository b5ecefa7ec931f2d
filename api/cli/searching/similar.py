"""`splicedex similar`: the images most similar to one image, and what they share."""

from __future__ import annotations

from typing import Annotated

import typer

from splicedex.api.cli.options import IndexAddress, Json, Limit, Paths, Print0, listing_of, opened
from splicedex.api.cli.searching.search import present

EXAMPLES = """
[bold]Examples[/bold]

splicedex similar beach.jpg --index photos.idx

splicedex similar beach.jpg --index photos.idx --above 0.95  # only near-duplicates
"""


def run(
    path: Annotated[str, typer.Argument(help="An image of the index, or any image file.")],
    index: IndexAddress,
    limit: Limit = 10,
    above: Annotated[
        float,
        typer.Option(min=-1, max=1, help="Least cosine; near-duplicates have about 0.95 or more."),
    ] = -1.0,
    paths: Paths = False,
    print0: Print0 = False,
    json: Json = False,
) -> None:
    """Find the images most similar to one image, and show the concepts they share."""
    listing = listing_of(paths=paths, print0=print0, json=json)
    with opened(index) as ix:
        present(ix.similar(path, limit=limit, above=above), listing, json=json)
