"""`splicedex concepts`: what a word means in an index, and how many images have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.options import IndexFolder, Json, Limit
from api.render import bar, console, print_json, table

if TYPE_CHECKING:
    from search.searcher import Searcher

EXAMPLES = """
[bold]Examples[/bold]

splicedex concepts dogs --index photos.idx

splicedex concepts --index photos.idx --limit 50
"""


def run(
    index: IndexFolder,
    word: Annotated[
        str | None, typer.Argument(help="Leave out for the most frequent concepts.")
    ] = None,
    limit: Limit = 10,
    json: Json = False,
) -> None:
    """Show what a word resolves to and how many images have it, or the commonest concepts."""
    from api.opening import open_searcher

    with open_searcher(index) as searcher:
        if word is None:
            _frequent(searcher, limit, as_json=json)
        else:
            _meaning(searcher, word, limit, as_json=json)


def _frequent(searcher: Searcher, limit: int, *, as_json: bool) -> None:
    from search.counts import frequent

    found = frequent(searcher.index, limit)
    if as_json:
        print_json([{"concept": name, "images": images} for name, images in found])
        return
    shown = table("images", "", "concept", right=["images"])
    for name, images in found:
        shown.add_row(f"{images:,}", bar(images, found[0][1]), name)
    console.print(shown)


def _meaning(searcher: Searcher, word: str, limit: int, *, as_json: bool) -> None:
    from search.concepts import Resolved, neighbours, resolve
    from search.counts import images_with

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
