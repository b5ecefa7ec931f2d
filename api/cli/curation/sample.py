"""`splicedex sample`: a uniform draw from a subset."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from splicedex.api.cli.curation.common import Seed, Tag, Yes, show_images, tag_chosen
from splicedex.api.cli.options import IndexAddress, Json
from splicedex.api.cli.render import console, print_json

EXAMPLES = """
[bold]Examples[/bold]

splicedex sample "dog NOT person" --n 50 --index photos.idx

splicedex sample "" --n 1000 --seed 7 --tag set=test --yes --index photos.idx
"""


def run(
    index: IndexAddress,
    query: Annotated[str, typer.Argument(help="Among these; empty for every image.")],
    n: Annotated[int, typer.Option("--n", min=1, help="Images to draw.", show_default=False)],
    seed: Seed = 0,
    tag: Tag = None,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Draw images; the same seed draws the same, wherever they are indexed."""
    from splicedex.search.curation.sample import sample
    from splicedex.search.opening import open_searcher

    with open_searcher(index) as searcher:
        found = sample(searcher, query, n, seed)
        told = tag_chosen(searcher, tag, [image.id for image in found.chosen], yes=yes)
    if json:
        print_json({**asdict(found), "tagged": told})
        return
    show_images(found.chosen)
    told_all = f"{len(found.chosen):,} of {found.images:,} images"
    console.print(told_all, style="dim", highlight=False)
    if told:
        console.print(told, style="dim", highlight=False, markup=False)
