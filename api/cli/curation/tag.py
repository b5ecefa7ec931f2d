"""`splicedex tag`: write a column that later queries can use."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import Query, Yes, split_assignment
from splicedex.api.cli.options import IndexAddress, Json, opened
from splicedex.api.cli.render import print_line, print_result

if TYPE_CHECKING:
    from splicedex.api.python.tables.results import Tagging

EXAMPLES = """
[bold]Examples[/bold]

splicedex tag "dog NOT person" reviewed=yes --index photos.idx  # only counts the images

splicedex tag "dog NOT person" reviewed=yes --yes --index photos.idx

splicedex search reviewed:yes --index photos.idx

splicedex tag reviewed:yes reviewed= --yes --index photos.idx  # removes it
"""


def run(
    index: IndexAddress,
    query: Query,
    assignment: Annotated[
        str,
        typer.Argument(
            metavar="NAME=VALUE",
            help="The column and its value: text, or what reads as a number, a date, true or "
            "false. NAME= removes the value.",
        ),
    ],
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Write a column of your own to all images that match a query."""
    name, value = split_assignment(assignment)
    with opened(index) as ix:
        found = ix.tag(query, name, value, dry_run=not yes)
    print_result(found, partial(_show, assignment=f"{name}={value}"), as_json=json)


def _show(found: Tagging, assignment: str) -> None:
    what = f"{assignment} to {found.images:,} images"
    print_line(f"wrote {what}" if found.done else f"would write {what}; add --yes to do it")
