"""`splicedex concepts`: what a word means in an index, or what its images show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import Chart
from splicedex.api.cli.options import IndexAddress, Json, Limit, opened
from splicedex.api.cli.render import (
    bar,
    console,
    print_json,
    print_line,
    print_notes,
    print_result,
    print_summary,
    table,
    with_synonyms,
)
from splicedex.search.curation.output.chart_files import check_chart, save_chart
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from rich.text import Text

    from splicedex.api.python.tables.answers import Frequencies, Meaning
    from splicedex.api.python.tables.results import Distribution

EXAMPLES = """
[bold]Examples[/bold]

splicedex concepts dogs --index photos.idx  # what "dogs" means here

splicedex concepts --limit 50 --index photos.idx  # the most frequent concepts

splicedex concepts --in label:cat --chart cat.png --index photos.idx

splicedex concepts --in "dog NOT person" --order lift --index photos.idx --json
"""


def run(
    index: IndexAddress,
    word: Annotated[
        str | None,
        typer.Argument(help="Word to look up.", show_default="show the most frequent concepts"),
    ] = None,
    inside: Annotated[
        str | None, typer.Option("--in", help="Show what the images that match this query show.")
    ] = None,
    order: Annotated[
        str,
        typer.Option(
            help="With --in: order by share of images, by mean SpLiCE weight, or by lift (share "
            "there over share in the whole index)."
        ),
    ] = "share",
    chart: Chart = None,
    limit: Limit = 10,
    json: Json = False,
) -> None:
    """Show what a word means in an index, or what its images show."""
    if word is not None and inside is not None:
        raise UserError("a word and --in ask for different things", "give one of them")
    if chart is not None and inside is None:
        raise UserError("--chart draws what a set of images shows", 'add --in "QUERY"')
    if chart is not None:
        check_chart(chart)
    with opened(index) as ix:
        if inside is not None:
            found = ix.concepts(inside=inside, order=order, limit=limit)  # type: ignore[call-overload]
            if chart is not None:
                save_chart(found.plot(), chart)
            print_result(found, _show, as_json=json)
        elif word is not None:
            print_result(ix.concepts(word, limit=limit), _show_meaning, as_json=json)
        else:
            frequent = ix.concepts(limit=limit)
            if json:
                print_json(frequent.to_list())
            else:
                _show_frequent(frequent)


def _show(found: Distribution) -> None:
    order = found.order
    print_notes(found.notes)
    numbers = ("images", "share", "95% interval", "lift", "weight")
    place = numbers.index(order) + 1
    shown = table(*numbers[:place], "", *numbers[place:], "concept", right=numbers)
    drawn = {
        "share": [one.share.value for one in found.concepts],
        "weight": [one.weight.value for one in found.concepts],
        "lift": [one.lift for one in found.concepts],
    }[order]
    for value, one in zip(drawn, found.concepts, strict=True):
        cells: list[str | Text] = [
            f"{one.images:,}",
            f"{one.share.value:.1%}",
            f"{one.share.low:.1%} to {one.share.high:.1%}",
            f"{one.lift:.1f}",
            f"{one.weight.value:.3f}",
            with_synonyms(one.concept, one.family),
        ]
        cells.insert(place, bar(value, 1.0 if order == "share" else max(drawn)))
        shown.add_row(*cells)
    console.print(shown)
    print_summary(f"{found.images:,} images; mean weights are from {found.weighed:,} of them")


def _show_frequent(found: Frequencies) -> None:
    shown = table("images", "share", "", "concept", right=["images", "share"])
    for one in found.concepts:
        share = bar(one.images, found.images)
        shown.add_row(f"{one.images:,}", f"{one.share:.1%}", share, one.concept)
    console.print(shown)
    print_summary(f"what {found.images:,} images are said to show")


def _show_meaning(found: Meaning) -> None:
    print_line(f"{found.word}: {found.concept} ({found.how}), in {found.images:,} images")
    shown = table("weight", "images", "counts as", right=["weight", "images"])
    for one in found.family:
        shown.add_row(f"{one.weight:.2f}", f"{one.images:,}", one.concept)
    console.print(shown)
    shown = table("cosine", "images", "related", right=["cosine", "images"])
    for near in found.near:
        shown.add_row(f"{near.cosine:.2f}", f"{near.images:,}", near.concept)
    console.print(shown)
