"""`splicedex spurious`: what goes with labels, and what of it is suspicious."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import Inside, split_words
from splicedex.api.cli.options import IndexAddress, Json, Limit, opened
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
    from splicedex.api.python.tables.results import Suspicions
    from splicedex.search.curation.reports.suspicion import (
        Association,
        Companion,
    )
    from splicedex.search.curation.statistics.proportions import Interval
    from splicedex.search.curation.subsets.subset import Example

EXAMPLES = """
[bold]Examples[/bold]

splicedex spurious --label label --index photos.idx

splicedex spurious --label label --split split --index photos.idx  # train against the rest

splicedex spurious --label label --concepts painting,drawing --index photos.idx

splicedex spurious --label label --in source:web --examples 3 --index photos.idx --json
"""


def run(
    index: IndexAddress,
    label: Annotated[str, typer.Option(help="Column of labels.", show_default=False)],
    split: Annotated[
        str | None,
        typer.Option(
            help="Column of splits, such as train and test. What goes with a label in the other "
            "splits too belongs with it."
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
            help="Test only these concepts, separated by commas, and show them even if the "
            "difference is small or chance."
        ),
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, help="Number of counter-examples of each kind.")
    ] = 2,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Find spurious correlations: concepts that go with a label without a good reason.

    Shows for each label what is the thing itself, what belongs with it, and what is suspicious.
    Suspicious concepts have counter-examples: images of the label without the concept, and images
    of other labels with the concept.
    """
    words = split_words(concepts)
    with opened(index) as ix:
        found = ix.spurious(
            label,
            split=split,
            part=part,
            inside=inside,
            concepts=words,
            examples=examples,
            limit=limit,
        )
    print_result(found, partial(_show, asked=bool(words)), as_json=json)


def _show(found: Suspicions, *, asked: bool) -> None:
    print_notes(found.notes)
    where = f"{found.split}:{found.part}, " if found.split else ""
    print_title(f"{where}{found.images:,} images")
    for label, images in found.labels:
        print_line(f"{label} ({images:,})", "bold")
        for heading, lines in (("is it", found.is_it), ("belongs with it", found.belongs)):
            named = ", ".join(_in_short(one) for one in lines if one.label == label)
            print_line(f"  {heading}: {named or 'nothing found'}")
    if found.unknown:
        names = ", ".join(found.unknown)
        print_line(f"no concept is named {names}, so nothing is known to belong with it", "yellow")
    if found.suspects:
        print_title("\nsuspicious")
        _show_suspects(found)
        _show_counter_examples(found)
    else:
        print_title("\nnothing suspicious")
    print_summary(
        f"{found.tested:,} pairs of a label and a concept tested"
        if asked
        else "shown is what at least 20 of 100 images more show with the label than without it, "
        "in almost any half of the images too, and not by chance (q < .2)"
    )


def _in_short(one: Companion) -> str:
    """A concept with its shares: `saddle 43% (others 2%)`."""
    with_it, others = _shares(one.strengths[0])
    return f"{one.concept} {with_it} (others {others})"


def _show_suspects(found: Suspicions) -> None:
    others = [one.split for one in found.suspects[0].strengths[1:]]
    numbers = ("with it", "others", "difference", *(f"in {one}" for one in others), "q")
    shown = table("label", "concept", *numbers, right=numbers)
    for one in found.suspects:
        shown.add_row(
            one.label,
            with_synonyms(one.concept, one.family),
            *_shares(one.strengths[0]),
            *(_with_interval(each.difference) for each in one.strengths),
            f"{one.q:.1g}",
        )
    console.print(shown)


def _show_counter_examples(found: Suspicions) -> None:
    print_title("counter-examples")
    for one in found.suspects:
        cells = one.strengths[0].cells
        _show_examples(f"{one.label} without {one.concept}", cells.label, one.without)
        _show_examples(f"{one.concept} without {one.label}", cells.concept, one.elsewhere)


def _show_examples(what: str, images: int, some: Sequence[Example]) -> None:
    paths = "".join(f", {short_path(image.name)}" for image in some)
    print_summary(f"{what}: {images:,} images{paths}")


def _shares(one: Association) -> tuple[str, str]:
    """Shares of images with the concept: of the label, and of the other labels."""
    hits, count, other_hits, other_count = one.cells.table
    return f"{hits / max(count, 1):.0%}", f"{other_hits / max(other_count, 1):.0%}"


def _with_interval(interval: Interval) -> str:
    """A difference in percentage points with its interval."""
    value, low, high = (round(100 * one) for one in (interval.value, interval.low, interval.high))
    return f"{value:+} ({low:+} to {high:+})"
