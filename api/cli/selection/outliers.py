"""`splicedex outliers`: the images that are least like the others."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import Inside, Tag, Yes
from splicedex.api.cli.options import IndexAddress, Json, Limit, Paths, Print0
from splicedex.api.cli.render import bar, console, short_path, table
from splicedex.api.cli.selection.selecting import select

if TYPE_CHECKING:
    from splicedex.api.python.index import Index
    from splicedex.api.python.tables.results import Outliers

EXAMPLES = """
[bold]Examples[/bold]

splicedex outliers --index photos.idx

splicedex outliers --in label:cat --limit 100 --tag review=odd --yes --index photos.idx

splicedex outliers --order cosine --index photos.idx
"""


def run(
    index: IndexAddress,
    inside: Inside = "",
    order: Annotated[
        str,
        typer.Option(
            help="Order by surprise (what an image shows is rare among the images), or by cosine "
            "(its SpLiCE concepts describe it badly)."
        ),
    ] = "surprise",
    tag: Tag = None,
    yes: Yes = False,
    limit: Limit = 20,
    paths: Paths = False,
    print0: Print0 = False,
    json: Json = False,
) -> None:
    """Find the images that are least like the others.

    These show what few of the others show, or nothing that has a name. The surprise of a concept is
    1 bit if half of the images show it, and 10 bits if one in a thousand does; that of an image is
    the mean over what it shows.
    """

    def choose(ix: Index, tags: dict[str, str] | None) -> Outliers:
        return ix.outliers(
            inside,
            order=order,  # type: ignore[arg-type]
            tag=tags,
            dry_run=not yes,
            limit=limit,
        )

    show = partial(_show, order=order)
    select(index, choose, show, tag=tag, paths=paths, print0=print0, json=json)


def _show(found: Outliers, order: str) -> None:
    cosines = order == "cosine"
    shown = table(order, "", "path", "shows", right=[order])
    largest = 1.0 if cosines else found.outliers[0].surprise
    for one in found.outliers:
        value = one.cosine if cosines else one.surprise
        shown.add_row(
            f"{value:.3f}" if cosines else f"{value:.1f}",
            bar(value, largest),
            short_path(one.name),
            ", ".join(shows.concept for shows in one.shows) or "(nothing)",
        )
    console.print(shown)
