"""`splicedex concepts`: what a word means in an index, and which concepts its images have."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.common import with_kin
from splicedex.api.cli.options import IndexAddress, Json, Limit
from splicedex.api.cli.render import bar, console, print_json, print_notes, table
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.search.curation.distribution import Distribution
    from splicedex.search.searcher import Searcher

EXAMPLES = """
[bold]Examples[/bold]

splicedex concepts dogs --index photos.idx

splicedex concepts --index photos.idx --limit 50

splicedex concepts --in "label:cat" --index photos.idx --chart cat.png

splicedex concepts --in "dog NOT person" --order lift --index photos.idx --json
"""


def run(
    index: IndexAddress,
    word: Annotated[
        str | None, typer.Argument(help="Leave out for the most frequent concepts.")
    ] = None,
    inside: Annotated[
        str | None,
        typer.Option("--in", help="A query: the concepts of the images that match it."),
    ] = None,
    order: Annotated[
        str, typer.Option(help="With --in: by mean weight, share of images, or lift.")
    ] = "weight",
    chart: Annotated[
        Path | None, typer.Option(help="With --in: save a bar chart there, .png or .svg.")
    ] = None,
    limit: Limit = 10,
    json: Json = False,
) -> None:
    """Show what a word resolves to and how many images have it, or the concepts of a subset."""
    from splicedex.search.opening import open_searcher

    if word is not None and inside is not None:
        raise UserError("a word and --in are two questions", "ask one")
    if chart is not None and inside is None:
        raise UserError("--chart draws the concepts of a subset", 'add --in "QUERY"')
    with open_searcher(index) as searcher:
        if inside is not None:
            _inside(searcher, inside, limit, order, chart, as_json=json)
        elif word is None:
            _frequent(searcher, limit, as_json=json)
        else:
            _meaning(searcher, word, limit, as_json=json)


def _inside(
    searcher: Searcher, query: str, limit: int, order: str, chart: Path | None, *, as_json: bool
) -> None:
    from splicedex.search.curation.distribution import distribution

    found = distribution(searcher, query, limit, order)  # type: ignore[arg-type]
    if chart is not None:
        from splicedex.search.curation.output.charts import chart_distribution

        chart_distribution(found, chart)
    if as_json:
        print_json(asdict(found))
    else:
        _show(found, order)


def _show(found: Distribution, order: str) -> None:
    print_notes(found.notes)
    numbers = ("weight", "images", "share", "95%", "lift")
    shown = table(*numbers[:1], "", *numbers[1:], "concept", right=numbers)
    drawn = {
        "weight": [one.weight.value for one in found.concepts],
        "share": [one.share.value for one in found.concepts],
        "lift": [one.lift for one in found.concepts],
    }[order]
    for value, one in zip(drawn, found.concepts, strict=True):
        shown.add_row(
            f"{one.weight.value:.3f}",
            bar(value, max(drawn)),
            f"{one.images:,}",
            f"{one.share.value:.1%}",
            f"{one.share.low:.1%} to {one.share.high:.1%}",
            f"{one.lift:.1f}",
            with_kin(one.concept, one.family),
        )
    console.print(shown)
    told = f"{found.images:,} images, mean weights from {found.weighed:,} of them"
    console.print(told, style="dim", highlight=False)


def _frequent(searcher: Searcher, limit: int, *, as_json: bool) -> None:
    from splicedex.search.browse.counts import frequent

    found = frequent(searcher.index, limit)
    if as_json:
        print_json([{"concept": name, "images": images} for name, images in found])
        return
    shown = table("images", "", "concept", right=["images"])
    for name, images in found:
        shown.add_row(f"{images:,}", bar(images, found[0][1]), name)
    console.print(shown)


def _meaning(searcher: Searcher, word: str, limit: int, *, as_json: bool) -> None:
    from splicedex.search.browse.counts import images_with
    from splicedex.search.query.resolve import Resolved, neighbours, resolve

    index = searcher.index
    names = index.space.concepts
    meaning = resolve(index.space, word, encode=searcher.context.encode)

    def count(concept: int) -> int:
        return images_with(index, Resolved("", "", {concept: 1.0}, "exact"))

    family = [(names[i], weight, count(i)) for i, weight in meaning.family.items()]
    near = [
        (names[i], cosine, count(i)) for i, cosine in neighbours(index.space, meaning.family, limit)
    ]
    images = images_with(index, meaning)
    if as_json:
        print_json(
            {
                "word": word,
                "concept": meaning.name,
                "how": meaning.how,
                "images": images,
                "family": [{"concept": n, "weight": w, "images": i} for n, w, i in family],
                "near": [{"concept": n, "cosine": c, "images": i} for n, c, i in near],
            }
        )
        return
    console.print(f"{word}: {meaning.name} ({meaning.how}), in {images:,} images", highlight=False)
    shown = table("weight", "images", "stands for it", right=["weight", "images"])
    for name, weight, number in family:
        shown.add_row(f"{weight:.2f}", f"{number:,}", name)
    console.print(shown)
    shown = table("cosine", "images", "near it", right=["cosine", "images"])
    for name, cosine, number in near:
        shown.add_row(f"{cosine:.2f}", f"{number:,}", name)
    console.print(shown)
