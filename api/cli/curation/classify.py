"""`splicedex classify`: zero-shot classification, from embeddings and from concepts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import GroupBy, Inside, Without, split_words
from splicedex.api.cli.curation.cells import show_accuracies
from splicedex.api.cli.options import IndexAddress, Json, opened
from splicedex.api.cli.render import console, print_result, print_summary, print_title, table

if TYPE_CHECKING:
    from splicedex.api.python.tables.results import Classification

EXAMPLES = """
[bold]Examples[/bold]

splicedex classify --names cat,dog,automobile=car --index photos.idx

splicedex classify --names-from label --by domain --index photos.idx

splicedex classify --names waterbird,landbird --truth label --by place
    --without forest,bamboo --index birds.idx
"""


def run(
    index: IndexAddress,
    names: Annotated[
        str | None,
        typer.Option(
            help="Names to choose from, separated by commas. With automobile=car, images are "
            'compared with "car", and "automobile" is shown.'
        ),
    ] = None,
    names_from: Annotated[
        str | None,
        typer.Option(
            help="Column whose values are the names to choose from. It is also the default of "
            "--truth."
        ),
    ] = None,
    truth: Annotated[
        str | None, typer.Option(help="Column of the true names, to compute the accuracy.")
    ] = None,
    by: GroupBy = None,
    without: Without = None,
    inside: Inside = "",
    json: Json = False,
) -> None:
    """Classify images by name without training (zero-shot).

    Each image is classified by its embedding (dense) and by what its concepts add up to
    (recomposed), so that you see how much the concepts keep.
    """
    with opened(index) as ix:
        found = ix.classify(
            split_words(names),
            names_from=names_from,
            truth=truth,
            by=by,
            without=split_words(without),
            inside=inside,
        )
    print_result(found, _show, as_json=json)


def _show(found: Classification) -> None:
    if found.accuracies:
        print_title("accuracy")
        show_accuracies(found.accuracies)
    shown = table("predicted", *found.methods, right=found.methods)
    for name in found.names:
        counts = (f"{found.predicted[method].get(name, 0):,}" for method in found.methods)
        shown.add_row(name, *counts)
    agreement = (f"{found.agreement[method]:.1%}" for method in found.methods)
    shown.add_row("same as dense", *agreement)
    console.print(shown)
    print_summary(f"{found.images:,} images")
