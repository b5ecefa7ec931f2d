"""`splicedex concepts`: what a word means in an index, or what its images show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import Chart
from splicedex.api.cli.options import IndexAddress, Json, Limit
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
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from rich.text import Text

    from splicedex.search.curation.distribution import Distribution
    from splicedex.search.searcher import Searcher

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
    from splicedex.search.opening import open_searcher

    if word is not None and inside is not None:
        raise UserError("a word and --in ask for different things", "give one of them")
    if chart is not None and inside is None:
        raise UserError("--chart draws what a set of images shows", 'add --in "QUERY"')
    with open_searcher(index) as searcher:
        if inside is not None:
            _print_distribution(searcher, inside, limit, order, chart, as_json=json)
        elif word is None:
            _print_frequent(searcher, limit, as_json=json)
        else:
            _print_meaning(searcher, word, limit, as_json=json)


def _print_distribution(
    searcher: Searcher, query: str, limit: int, order: str, chart: Path | None, *, as_json: bool
) -> None:
    from splicedex.search.curation.distribution import distribution

    found = distribution(searcher, query, limit, order)  # type: ignore[arg-type]
    if chart is not None:
        _draw(found, chart, order)
    print_result(found, lambda one: _show(one, order), as_json=as_json)


def _draw(found: Distribution, path: Path, order: str) -> None:
    from splicedex.search.curation.output.charts import Bars, draw_bars, shorten

    weights = order == "weight"
    bars = Bars([one.weight if weights else one.share for one in found.concepts])
    title = f"{shorten(found.query) or 'every image'}, {found.images:,} images"
    axis = "mean weight" if weights else "share of images"
    draw_bars(path, [one.concept for one in found.concepts], [bars], axis, title)


def _show(found: Distribution, order: str) -> None:
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


def _print_frequent(searcher: Searcher, limit: int, *, as_json: bool) -> None:
    from splicedex.search.browse.concept_frequency import most_shown

    found, images = most_shown(searcher.index, limit), searcher.index.engine.count()
    if as_json:
        print_json(
            [{"concept": name, "images": n, "share": n / max(images, 1)} for name, n in found]
        )
        return
    shown = table("images", "share", "", "concept", right=["images", "share"])
    for name, n in found:
        shown.add_row(f"{n:,}", f"{n / images:.1%}", bar(n, images), name)
    console.print(shown)
    print_summary(f"what {images:,} images are said to show")


def _print_meaning(searcher: Searcher, word: str, limit: int, *, as_json: bool) -> None:
    from splicedex.search.browse.concept_frequency import images_with
    from splicedex.search.query.resolve import Resolved, neighbours, resolve

    index = searcher.index
    names = index.space.concepts
    meaning = resolve(index.space, word, encode=searcher.context.encode)

    def count(concept: int) -> int:
        return images_with(index, Resolved("", "", {concept: 1.0}, "exact"))

    family = [(names[i], weight, count(i)) for i, weight in meaning.synonyms.items()]
    near = [
        (names[i], cosine, count(i))
        for i, cosine in neighbours(index.space, meaning.synonyms, limit)
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
    print_line(f"{word}: {meaning.name} ({meaning.how}), in {images:,} images")
    shown = table("weight", "images", "counts as", right=["weight", "images"])
    for name, weight, number in family:
        shown.add_row(f"{weight:.2f}", f"{number:,}", name)
    console.print(shown)
    shown = table("cosine", "images", "related", right=["cosine", "images"])
    for name, cosine, number in near:
        shown.add_row(f"{cosine:.2f}", f"{number:,}", name)
    console.print(shown)
