"""`splicedex spurious`: concepts that occur with a label more than its meaning explains."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import Inside, split_words
from splicedex.api.cli.options import IndexAddress, Json, Limit
from splicedex.api.cli.progress import counting
from splicedex.api.cli.render import (
    console,
    print_line,
    print_notes,
    print_result,
    print_summary,
    print_title,
    short_path,
    table,
    with_synonyms,
)

if TYPE_CHECKING:
    from splicedex.search.curation.reports.suspicion import Suspect, Suspicions
    from splicedex.search.curation.statistics.proportions import Interval

EXAMPLES = """
[bold]Examples[/bold]

splicedex spurious --label label --index photos.idx

splicedex spurious --label label --split split --index photos.idx  # train against the rest

splicedex spurious --label label --concepts painting,drawing --index photos.idx

splicedex spurious --label label --in source:web --examples 3 --index photos.idx --json
"""
CELLS = {
    "both": "label and concept",
    "label": "label without concept",
    "concept": "concept without label",
    "neither": "neither",
}
"""What the cells of a table of label and concept are called on a terminal."""


def run(
    index: IndexAddress,
    label: Annotated[str, typer.Option(help="Column of labels.", show_default=False)],
    split: Annotated[
        str | None,
        typer.Option(
            help="Column of splits, such as train and test. What holds in the other splits too is "
            "not reported."
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(
            help="Value of --split to examine.",
            show_default="train, or else the most frequent",
        ),
    ] = None,
    inside: Inside = "",
    concepts: Annotated[
        str | None,
        typer.Option(
            help="Test only these concepts, separated by commas, and show them even if they are "
            "not significant."
        ),
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, help="Number of counter-examples of each kind.")
    ] = 2,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Find spurious correlations: concepts that occur with a label more than its meaning explains.

    Each is shown with counter-examples: images of the label without the concept, and images of
    other labels with the concept.
    """
    from splicedex.search.curation.spurious import spurious
    from splicedex.search.opening import open_searcher

    words = split_words(concepts)
    with open_searcher(index) as searcher, counting("counting") as show:
        found = spurious(
            searcher,
            label,
            split=split,
            part=part,
            query=inside,
            limit=limit,
            shown=examples,
            on_progress=show,
            concepts=words,
        )
    print_result(found, partial(_show, asked=bool(words)), as_json=json)


def _show(found: Suspicions, *, asked: bool) -> None:
    print_notes(found.notes)
    labels = ", ".join(f"{name} {images:,}" for name, images in found.labels)
    where = f"{found.split}:{found.part}, " if found.split else ""
    print_title(f"{where}{found.images:,} images: {labels}")
    if found.unknown:
        names = ", ".join(found.unknown)
        print_line(f"no concept is named {names}, so nothing is explained by it", "yellow")
    _show_suspects(found)
    _show_counter_examples(found)
    summary = f"{found.tested:,} pairs of a label and a concept tested"
    print_summary(summary if asked else f"{summary}; those with q < .05 are shown")


def _show_suspects(found: Suspicions) -> None:
    others = [one.split for one in found.suspects[0].strengths[1:]] if found.suspects else []
    numbers = ("excess", "95% interval", "φ", *(f"φ in {one}" for one in others), "npmi", "V", "q")
    shown = table("label", *numbers, "concept", "fewer than 10 images", right=numbers)
    for one in found.suspects:
        here = one.strengths[0]
        shown.add_row(
            one.label,
            f"{one.excess.value:.2f}",
            f"{one.excess.low:.2f} to {one.excess.high:.2f}",
            f"{here.phi.value:.2f}",
            *(_with_interval(other.phi) for other in one.strengths[1:]),
            f"{here.npmi.value:.2f}",
            f"{one.v.value:.2f}",
            f"{one.q:.1g}",
            with_synonyms(one.concept, one.family),
            ", ".join(f"{CELLS[cell]}: {getattr(here.cells, cell)}" for cell in one.thin),
        )
    console.print(shown)


def _show_counter_examples(found: Suspicions) -> None:
    lines = [line for one in found.suspects for line in _counter_examples(one)]
    if lines:
        print_title("counter-examples")
    for line in lines:
        print_summary(line)


def _counter_examples(suspect: Suspect) -> list[str]:
    """One line for each kind that has images."""
    kinds = (
        (f"{suspect.label} without {suspect.concept}", suspect.without),
        (f"{suspect.concept} without {suspect.label}", suspect.elsewhere),
    )
    return [
        f"{kind}: {', '.join(short_path(image.path) for image in images)}"
        for kind, images in kinds
        if images
    ]


def _with_interval(interval: Interval) -> str:
    return f"{interval.value:.2f} ({interval.low:.2f} to {interval.high:.2f})"
