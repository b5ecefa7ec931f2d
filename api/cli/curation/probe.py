"""`splicedex probe`: a linear probe on concept weights, whose coefficients are words."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.common import Inside, Seed, show_accuracies, split_words, watching
from splicedex.api.cli.options import IndexAddress, Json, Limit
from splicedex.api.cli.render import console, print_json, table

if TYPE_CHECKING:
    from splicedex.search.curation.probe import Probe

EXAMPLES = """
[bold]Examples[/bold]

splicedex probe --label label --index photos.idx

splicedex probe --label label --split split --by group --without curtain,diary --index photos.idx
"""


def run(
    index: IndexAddress,
    label: Annotated[str, typer.Option(help="Column to tell.", show_default=False)],
    split: Annotated[
        str | None,
        typer.Option(help="Column that parts the images [default: a fifth is held out]"),
    ] = None,
    train: Annotated[str, typer.Option(help="Value of --split to train on.")] = "train",
    by: Annotated[str | None, typer.Option(help="Column of groups.")] = None,
    without: Annotated[
        str | None, typer.Option(help="Concepts to leave out of a second probe.")
    ] = None,
    inside: Inside = "",
    seed: Seed = 0,
    limit: Limit = 8,
    json: Json = False,
) -> None:
    """Train a probe on concepts, and one without some, and test both."""
    from splicedex.search.curation.probe import probe
    from splicedex.search.opening import open_searcher

    with open_searcher(index) as searcher, watching("reading") as show:
        found = probe(
            searcher, label, split, train, by, inside, split_words(without), limit, seed, show
        )
    if json:
        print_json(asdict(found))
    else:
        _show(found)


def _show(found: Probe) -> None:
    told = f"trained on {found.trained:,} images, tested on {found.tested:,}"
    console.print(told, style="bold", highlight=False)
    show_accuracies(found.accuracies)
    shown = table("probe", "class", "what speaks for it")
    for words in found.words:
        told = ", ".join(f"{name} {weight:.2f}" for name, weight in words.concepts)
        shown.add_row(words.method, words.label, told)
    console.print(shown)
    if found.removed:
        told = f"left out: {', '.join(found.removed)}"
        console.print(told, style="dim", highlight=False, markup=False)
