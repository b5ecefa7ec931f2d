"""`splicedex compare`: which concepts tell two subsets apart."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.common import with_kin
from splicedex.api.cli.options import IndexAddress, Json, Limit
from splicedex.api.cli.render import console, print_json, print_notes, short_path, table
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.search.curation.compare import Comparison

EXAMPLES = """
[bold]Examples[/bold]

splicedex compare label:cat label:dog --index photos.idx

splicedex compare "woman" "man" --order odds --chart figure.png --index photos.idx

splicedex compare "path:2024/*" --index photos.idx     against all other images

splicedex compare --by label --index photos.idx     each value against the others
"""


def run(
    index: IndexAddress,
    first: Annotated[str | None, typer.Argument(help="A query.", show_default=False)] = None,
    second: Annotated[
        str | None,
        typer.Argument(help="Another [default: all that the first leaves]", show_default=False),
    ] = None,
    by: Annotated[
        str | None, typer.Option(help="Compare each value of this column with the others.")
    ] = None,
    order: Annotated[str, typer.Option(help="By difference in share, or by odds.")] = "share",
    examples: Annotated[int, typer.Option(min=0, help="Example images of each concept.")] = 0,
    chart: Annotated[
        Path | None, typer.Option(help="Save a bar chart there, .png or .svg.")
    ] = None,
    limit: Limit = 10,
    json: Json = False,
) -> None:
    """Show the concepts that two subsets differ in, largest difference first, all at q < .05."""
    from splicedex.search.curation.compare import compare, compare_by
    from splicedex.search.opening import open_searcher

    if by is not None and (second is not None or chart is not None):
        told = "two queries" if second is not None else "--chart"
        raise UserError(f"--by compares many subsets, and {told} two", "give one of them")
    if by is None and first is None:
        raise UserError("nothing to compare", "name a query or two, or --by COLUMN")
    with open_searcher(index) as searcher:
        if by is not None:
            found = compare_by(searcher, by, first or "", limit, order, examples)  # type: ignore[arg-type]
        else:
            found = (compare(searcher, first or "", second, limit, order, examples),)  # type: ignore[arg-type]
    if chart is not None:
        from splicedex.search.curation.output.charts import chart_comparison

        chart_comparison(found[0], chart)
    if json:
        values = [asdict(one) for one in found]
        print_json(values if by is not None else values[0])
        return
    for one in found:
        _show(one)


def _show(found: Comparison) -> None:
    print_notes(found.notes)
    first, second = found.queries
    console.print(
        f"{first} ({found.images[0]:,} images) against {second} ({found.images[1]:,})",
        style="bold", highlight=False, markup=False,
    )  # fmt: skip
    if found.overlap:
        told = f"{found.overlap:,} images match both; they count for the smaller subset alone"
        console.print(told, style="dim", highlight=False)
    numbers = ("first", "second", "difference", "95%", "odds", "q")
    shown = table(*numbers, "concept", right=numbers)
    for one in found.concepts:
        difference = one.difference
        shown.add_row(
            f"{one.shares[0].value:.1%}",
            f"{one.shares[1].value:.1%}",
            f"{100 * difference.value:+.1f}",
            f"{100 * difference.low:+.1f} to {100 * difference.high:+.1f}",
            _odds(one.log_odds.value),
            f"{one.q:.1g}",
            with_kin(one.concept, one.family),
        )
    console.print(shown)
    for one in found.concepts:
        for query, some in zip(found.queries, one.examples, strict=True):
            paths = ", ".join(short_path(example.path) for example in some)
            if paths:
                console.print(f"{one.concept} in {query}: {paths}", highlight=False, markup=False)
    told = f"{found.significant:,} of {found.tested:,} concepts differ at q < .05"
    console.print(told, style="dim", highlight=False)


def _odds(logarithm: float) -> str:
    """An odds ratio as people read it."""
    from math import exp

    return f"{exp(logarithm):,.1f} x" if logarithm >= 0 else f"1/{exp(-logarithm):,.1f}"
