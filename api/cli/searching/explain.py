"""`splicedex explain`: what an image shows, or why a query matches it or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.options import IndexAddress, Json, opened
from splicedex.api.cli.render import (
    bar,
    console,
    print_result,
    print_summary,
    print_title,
    table,
)

if TYPE_CHECKING:
    from splicedex.api.python.tables.answers import Explanation, Shows

EXAMPLES = """
[bold]Examples[/bold]

splicedex explain beach.jpg --index photos.idx

splicedex explain beach.jpg --query "dog AND beach" --index photos.idx
"""


def run(
    path: Annotated[
        str, typer.Argument(help="Path of an image of the index, as search prints it.")
    ],
    index: IndexAddress,
    query: Annotated[
        str | None, typer.Option(help="Show why this query matches the image or not.")
    ] = None,
    json: Json = False,
) -> None:
    """Show what an image shows and its decomposition, or why a query matches it or not."""
    with opened(index) as ix:
        if query is None:
            print_result(ix.shows(path), _show, as_json=json)
        else:
            print_result(ix.explain(path, query=query), _show_match, as_json=json)


def _show(found: Shows) -> None:
    """What an image shows, and its decomposition."""
    from splicedex.indexer.sources.base import TRUNCATED

    print_title(found.name)
    if found.columns.get(TRUNCATED) is True:
        print_summary("truncated: the file lacks its end, and was read as far as it goes")
    shows = table("probability", "", "shows", right=["probability"])
    for one in found.shows:
        shows.add_row(f"{one.probability:.2f}", bar(one.probability, 1.0), one.concept)
    console.print(shows)
    shown = table("weight", "", "concept", right=["weight"])
    for part in found.concepts:
        weight = f"{part.weight:.3f}"
        shown.add_row(weight, bar(part.weight, found.concepts[0].weight), part.concept)
    console.print(shown)
    print_summary(
        f"decomposition: {len(found.concepts)} concepts; together they have cosine "
        f"{found.cosine:.3f} to the image"
    )


def _show_match(found: Explanation) -> None:
    """Why a query matches an image, or not."""
    verb = "matches" if found.match else "does not match"
    print_title(f"{found.path} {verb} {found.query}")
    shown = table("holds", "presence", "", "part of the query", "because of", right=["presence"])
    for part in found.parts:
        likely = ", ".join(f"{one.concept} {one.strength:.2f}" for one in part.fired[:3])
        shown.add_row(
            "yes" if part.holds else "no",
            f"{part.strength:.2f}",
            bar(part.strength, 1.0),
            part.part,
            likely,
            style=None if part.holds else "red",
        )
    console.print(shown)
