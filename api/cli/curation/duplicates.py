"""`splicedex duplicates`: groups of images that look the same."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from splicedex.api.cli.curation.common import Inside, Tag, Yes, tag_chosen, watching
from splicedex.api.cli.options import IndexAddress, Json, Limit
from splicedex.api.cli.render import console, print_json, short_path

EXAMPLES = """
[bold]Examples[/bold]

splicedex duplicates --index photos.idx

splicedex duplicates --above 0.98 --keep oldest --tag duplicate=1 --yes --index photos.idx

splicedex export "NOT duplicate:1" --to kept/ --as links --index photos.idx
"""


def run(
    index: IndexAddress,
    inside: Inside = "",
    above: Annotated[float, typer.Option(help="Least cosine of two that count as one.")] = 0.95,
    keep: Annotated[
        str, typer.Option(help="Of each group: first, largest, oldest or central.")
    ] = "largest",
    exact: Annotated[
        bool | None,
        typer.Option(
            "--exact/--graph",
            help="Look at every pair, or let the search graph find them [default: graph above "
            "250,000 images]",
            show_default=False,
        ),
    ] = None,
    tag: Tag = None,
    yes: Yes = False,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Show groups of near-duplicates, with the one to keep; --tag marks all the others."""
    from splicedex.search.curation.duplicates import duplicates
    from splicedex.search.opening import open_searcher

    with open_searcher(index) as searcher:
        with watching("comparing") as show:
            found = duplicates(searcher, inside, above, keep, show, exact)  # type: ignore[arg-type]
        others = [copy.image.id for group in found.groups for copy in group.others]
        told = tag_chosen(searcher, tag, others, yes=yes)
    if json:
        print_json({**asdict(found), "tagged": told})
        return
    for group in found.groups[:limit]:
        console.print(short_path(group.keep.path), style="bold", highlight=False, markup=False)
        for copy in group.others:
            line = f"  {copy.cosine:.3f}  {short_path(copy.image.path)}"
            console.print(line, highlight=False, markup=False)
    told_all = (
        f"{len(found.groups):,} groups in {found.images:,} images, "
        f"{found.superfluous:,} more than one of each"
    )
    if not found.exact:
        told_all += "; found by the search graph, which may miss some: --exact looks at every pair"
    console.print(told_all, style="dim", highlight=False)
    if told:
        console.print(told, style="dim", highlight=False, markup=False)
