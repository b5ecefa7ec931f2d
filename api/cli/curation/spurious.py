"""`splicedex spurious`: concepts that go with a label although they need not."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.common import Inside, split_words, watching, with_kin
from splicedex.api.cli.options import IndexAddress, Json, Limit
from splicedex.api.cli.render import console, print_json, print_notes, short_path, table

if TYPE_CHECKING:
    from splicedex.search.curation.statistics.proportions import Interval
    from splicedex.search.curation.subsets.suspects import Suspicions

EXAMPLES = """
[bold]Examples[/bold]

splicedex spurious --label label --index photos.idx

splicedex spurious --label label --split split --index photos.idx     train against the rest

splicedex spurious --label label --concepts painting,drawing --index photos.idx

splicedex spurious --label label --in "source:web" --examples 3 --index photos.idx --json
"""


def run(
    index: IndexAddress,
    label: Annotated[str, typer.Option(help="Column of labels.", show_default=False)],
    split: Annotated[
        str | None, typer.Option(help="Column that tells training images from others.")
    ] = None,
    part: Annotated[
        str | None, typer.Option(help="Value of --split to look at [default: train]")
    ] = None,
    inside: Inside = "",
    concepts: Annotated[
        str | None, typer.Option(help="Words, by comma: test these alone, and tell of them anyway.")
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="Counter-examples of each kind.")] = 2,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Show concepts that go with a label beyond what it names, and images that say otherwise."""
    from splicedex.search.curation.spurious import spurious
    from splicedex.search.opening import open_searcher

    words = split_words(concepts)
    with open_searcher(index) as searcher, watching("counting") as show:
        found = spurious(searcher, label, split, part, inside, limit, examples, show, words)
    if json:
        print_json(asdict(found))
    else:
        _show(found, asked=bool(words))


def _show(found: Suspicions, *, asked: bool) -> None:
    print_notes(found.notes)
    labels = ", ".join(f"{name} {images:,}" for name, images in found.labels)
    where = f"{found.split}:{found.part}, " if found.split else ""
    console.print(f"{where}{found.images:,} images: {labels}", style="bold", highlight=False)
    if found.unknown:
        told = f"no concept is named {', '.join(found.unknown)}: nothing is explained by it"
        console.print(told, style="yellow", highlight=False)
    others = [one.split for one in found.suspects[0].strengths[1:]] if found.suspects else []
    numbers = ("excess", "95%", "φ", *(f"φ in {one}" for one in others), "npmi", "V", "q")
    shown = table("label", *numbers, "concept", "thin", right=numbers)
    for one in found.suspects:
        here = one.strengths[0]
        shown.add_row(
            one.label,
            f"{one.excess.value:.2f}",
            f"{one.excess.low:.2f} to {one.excess.high:.2f}",
            f"{here.phi.value:.2f}",
            *(_whole(other.phi) for other in one.strengths[1:]),
            f"{here.npmi.value:.2f}",
            f"{one.v.value:.2f}",
            f"{one.q:.1g}",
            with_kin(one.concept, one.family),
            ", ".join(f"{_CELLS[cell]} {getattr(here.cells, cell)}" for cell in one.thin),
        )
    console.print(shown)
    for one in found.suspects:
        for told, images in (("without", one.without), ("elsewhere with", one.elsewhere)):
            paths = ", ".join(short_path(image.path) for image in images)
            if paths:
                line = f"{one.label} {told} {one.concept}: {paths}"
                if told.startswith("elsewhere"):
                    line = f"{one.concept} without {one.label}: {paths}"
                console.print(line, style="dim", highlight=False, markup=False)
    told = f"{found.tested:,} pairs of a label and a concept tested"
    if not asked:
        told += ", those shown at q < .05"
    console.print(told, style="dim", highlight=False)


_CELLS = {"both": "both", "label": "label alone", "concept": "concept alone", "neither": "neither"}


def _whole(interval: Interval) -> str:
    return f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"
