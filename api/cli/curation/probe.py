"""`splicedex probe`: a linear classifier of concept weights, whose coefficients are concepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import GroupBy, Inside, Seed, Without, split_words
from splicedex.api.cli.curation.cells import show_accuracies
from splicedex.api.cli.options import IndexAddress, Json, Limit, opened
from splicedex.api.cli.render import console, print_result, print_summary, print_title, table

if TYPE_CHECKING:
    from splicedex.api.python.tables.results import Probe

EXAMPLES = """
[bold]Examples[/bold]

splicedex probe --label label --index photos.idx

splicedex probe --label label --split split --by group --without curtain,diary --index photos.idx
"""


def run(
    index: IndexAddress,
    label: Annotated[str, typer.Option(help="Column of labels to predict.", show_default=False)],
    split: Annotated[
        str | None,
        typer.Option(
            help="Column of splits, such as train and test.",
            show_default="test on a random fifth",
        ),
    ] = None,
    train: Annotated[
        str, typer.Option(help="Value of --split to train on; all other images are for testing.")
    ] = "train",
    by: GroupBy = None,
    without: Without = None,
    inside: Inside = "",
    seed: Seed = 0,
    limit: Limit = 8,
    json: Json = False,
) -> None:
    """Train a linear classifier (a probe) on concepts, and show which concepts it uses.

    With --without, a second probe is trained without some concepts, and both are tested.
    """
    with opened(index) as ix:
        found = ix.probe(
            label,
            split=split,
            train=train,
            by=by,
            without=split_words(without),
            inside=inside,
            seed=seed,
            limit=limit,
        )
    print_result(found, _show, as_json=json)


def _show(found: Probe) -> None:
    print_title(f"trained on {found.trained:,} images, tested on {found.tested:,}: accuracy")
    show_accuracies(found.accuracies)
    shown = table("probe", "class", "concepts that indicate it")
    for words in found.words:
        concepts = ", ".join(f"{name} {weight:.2f}" for name, weight in words.concepts)
        shown.add_row(words.method, words.label, concepts)
    console.print(shown)
    if found.removed:
        print_summary(f"taken out: {', '.join(found.removed)}")
