"""`splicedex classify`: zero-shot classes, dense and recomposed, with concepts taken out."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.common import Inside, show_accuracies, split_words, watching
from splicedex.api.cli.options import IndexAddress, Json
from splicedex.api.cli.render import console, print_json, table

if TYPE_CHECKING:
    from splicedex.search.curation.classify import Classification

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
        str | None, typer.Option(help="What images may be; said=phrase looks for the phrase.")
    ] = None,
    names_from: Annotated[
        str | None, typer.Option(help="Column whose values are the names, and the truth.")
    ] = None,
    truth: Annotated[str | None, typer.Option(help="Column with the right name.")] = None,
    by: Annotated[str | None, typer.Option(help="Column of groups.")] = None,
    without: Annotated[str | None, typer.Option(help="Concepts to suppress: forest,bamboo")] = None,
    inside: Inside = "",
    json: Json = False,
) -> None:
    """Classify images by name from dense and from recomposed embeddings, and compare."""
    from splicedex.search.curation.classify import classify
    from splicedex.search.opening import open_searcher

    with open_searcher(index) as searcher, watching("classifying") as show:
        found = classify(
            searcher,
            split_words(names),
            names_from,
            truth,
            by,
            inside,
            split_words(without),
            show,
        )
    if json:
        print_json(asdict(found))
    else:
        _show(found)


def _show(found: Classification) -> None:
    if found.accuracies:
        console.print("accuracy", style="bold")
        show_accuracies(found.accuracies)
    shown = table("taken for", *found.methods, right=found.methods)
    for name in found.names:
        counts = (f"{found.predicted[method].get(name, 0):,}" for method in found.methods)
        shown.add_row(name, *counts)
    shown.add_row("as dense", *(f"{found.agreement[method]:.1%}" for method in found.methods))
    console.print(shown)
    console.print(f"{found.images:,} images", style="dim", highlight=False)
