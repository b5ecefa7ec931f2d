"""`splicedex tag`: write a column that later queries can use."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from splicedex.api.cli.curation.common import Yes, split_tag
from splicedex.api.cli.options import IndexAddress, Json
from splicedex.api.cli.render import console, print_json

EXAMPLES = """
[bold]Examples[/bold]

splicedex tag "dog NOT person" reviewed=yes --index photos.idx     says how many

splicedex tag "dog NOT person" reviewed=yes --yes --index photos.idx

splicedex search "reviewed:yes" --index photos.idx

splicedex tag "reviewed:yes" reviewed= --yes --index photos.idx     takes it away
"""


def run(
    index: IndexAddress,
    query: Annotated[str, typer.Argument(help="A query; empty for every image.")],
    assignment: Annotated[str, typer.Argument(metavar="NAME=VALUE", help="Text or a number.")],
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Set a column of all images that match."""
    from splicedex.search.curation.tagging import tag
    from splicedex.search.opening import open_searcher

    name, value = split_tag(assignment)
    with open_searcher(index) as searcher:
        found = tag(searcher, query, name, value, dry_run=not yes)
    if json:
        print_json(asdict(found))
        return
    done = "wrote" if found.done else "would write"
    told = f"{done} {name}={value} to {found.images:,} images"
    console.print(told if found.done else f"{told}; add --yes to do it", highlight=False)
