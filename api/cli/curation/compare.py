"""`splicedex compare`: the concepts in which two sets of images differ."""

from __future__ import annotations

from math import exp
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import Chart
from splicedex.api.cli.curation.cells import difference_cells
from splicedex.api.cli.options import IndexAddress, Json, Limit, opened
from splicedex.api.cli.render import (
    console,
    print_json,
    print_line,
    print_notes,
    print_result,
    print_summary,
    print_title,
    short_path,
    table,
    with_synonyms,
)
from splicedex.search.curation.output.chart_files import check_chart, save_chart
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.api.python.tables.results import Comparison

EXAMPLES = """
[bold]Examples[/bold]

splicedex compare label:cat label:dog --index photos.idx

splicedex compare woman man --order odds --chart figure.png --index photos.idx

splicedex compare "path:2024/*" --index photos.idx  # with all other images

splicedex compare --by label --index photos.idx  # each label with all others
"""


def run(
    index: IndexAddress,
    first: Annotated[
        str | None,
        typer.Argument(
            help="Query of the first set; with --by, of the images to compare.",
            show_default=False,
        ),
    ] = None,
    second: Annotated[
        str | None,
        typer.Argument(
            help="Query of the second set.",
            show_default="all images that the first does not match",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="Compare each value of this column with all others, instead of two sets."
        ),
    ] = None,
    order: Annotated[
        str, typer.Option(help="Order by share, the difference in share, or by odds, the ratio.")
    ] = "share",
    examples: Annotated[
        int, typer.Option(min=0, help="Number of example images of each concept and set.")
    ] = 0,
    chart: Chart = None,
    limit: Limit = 10,
    json: Json = False,
) -> None:
    """Compare two sets of images: show the concepts in which they differ most.

    Only large differences are shown that almost any half of the images has too. What the
    queries name is left out, in any form.
    """
    if by is not None and second is not None:
        raise UserError("--by compares many sets, not two queries", "leave out the second query")
    if by is not None and chart is not None:
        raise UserError("--by compares many sets, and --chart draws two", "leave one of them out")
    if by is None and first is None:
        raise UserError("nothing to compare", "give one or two queries, or --by COLUMN")
    if chart is not None:
        check_chart(chart)
    query = first or ""
    with opened(index) as ix:
        if by is not None:
            each = ix.compare(query, by=by, order=order, examples=examples, limit=limit)  # type: ignore[call-overload]
            if json:
                print_json(each.to_list())
            else:
                for one in each:
                    _show(one)
            return
        found = ix.compare(query, second, order=order, examples=examples, limit=limit)  # type: ignore[call-overload]
    if chart is not None:
        save_chart(found.plot(), chart)
    print_result(found, _show, as_json=json)


def _show(found: Comparison) -> None:
    print_notes(found.notes)
    first, second = found.queries
    print_title(f"{first} ({found.images[0]:,} images) and {second} ({found.images[1]:,} images)")
    if found.overlap:
        print_summary(f"{found.overlap:,} images match both; they count for the smaller set only")
    numbers = ("first", "second", "difference", "95% interval", "odds ratio", "q")
    shown = table(*numbers, "concept", right=numbers)
    for one in found.concepts:
        shown.add_row(
            *difference_cells(one.shares[0].value, one.shares[1].value, one.difference),
            _odds_ratio(one.log_odds.value),
            f"{one.q:.1g}",
            with_synonyms(one.concept, one.family),
        )
    if found.concepts:
        console.print(shown)
    else:
        print_line("no large difference")
    for one in found.concepts:
        for query, images in zip(found.queries, one.examples, strict=True):
            if images:
                paths = ", ".join(short_path(image.name) for image in images)
                print_line(f"{one.concept} in {query}: {paths}")
    print_summary(
        f"{found.significant:,} of {found.tested:,} concepts differ by at least 20 of 100 images, "
        "in almost any half of the images too, and not by chance (q < .2)"
    )


def _odds_ratio(logarithm: float) -> str:
    """An odds ratio as people read it: `3.0 x`, or `1/3.0` if it is below 1."""
    return f"{exp(logarithm):,.1f} x" if logarithm >= 0 else f"1/{exp(-logarithm):,.1f}"
