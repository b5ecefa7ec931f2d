"""`splicedex explain`: what an image shows, or why a query matches it or not."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.options import IndexAddress, Json
from splicedex.api.cli.render import (
    bar,
    console,
    print_json,
    print_summary,
    print_title,
    table,
)
from splicedex.indexer.sources.location import printable, to_path

if TYPE_CHECKING:
    from splicedex.indexer.store.index import Index
    from splicedex.search.searcher import Searcher

INTERNAL = frozenset(
    {"concepts", "presence", "strengths", "folders", "shows", "shows_percent", "shows_surely"}
    | {"-fingerprint"}
)
"""Payload fields that only filters use."""
EXAMPLES = """
[bold]Examples[/bold]

splicedex explain beach.jpg --index photos.idx

splicedex explain beach.jpg --query "dog AND beach" --index photos.idx
"""


def run(
    path: Annotated[
        str, typer.Argument(help="Path of an image of the index, as search prints it.")
    ],
    index: IndexAddress,
    query: Annotated[
        str | None, typer.Option(help="Show why this query matches the image or not.")
    ] = None,
    json: Json = False,
) -> None:
    """Show what an image shows and its decomposition, or why a query matches it or not."""
    if query is None:
        from splicedex.indexer.store.index import open_index

        with open_index(index) as opened:
            _print_image(opened, path, as_json=json)
    else:
        from splicedex.search.opening import open_searcher

        with open_searcher(index) as searcher:
            _print_explanation(searcher, path, query, as_json=json)


def _print_image(index: Index, path: str, *, as_json: bool) -> None:
    """What an image shows, and its decomposition."""
    from splicedex.indexer.sources.base import TRUNCATED
    from splicedex.search.browse.image import read_record

    record = read_record(index, index.find(path).id)
    assert record is not None
    concepts, cosine = record.decomposition.concepts, record.decomposition.cosine
    if as_json:
        print_json(
            {
                "id": record.id,
                **{key: value for key, value in record.payload.items() if key not in INTERNAL},
                "path": printable(str(to_path(record.payload))),
                "name": record.path,
                "shows": [{"concept": name, "probability": p} for name, p in record.shows],
                "concepts": [{"concept": name, "weight": weight} for name, weight in concepts],
            }
        )
        return
    print_title(record.path)
    if record.payload.get(TRUNCATED) is True:
        print_summary("truncated: the file lacks its end, and was read as far as it goes")
    shows = table("probability", "", "shows", right=["probability"])
    for name, probability in record.shows:
        shows.add_row(f"{probability:.2f}", bar(probability, 1.0), name)
    console.print(shows)
    shown = table("weight", "", "concept", right=["weight"])
    for name, weight in concepts:
        shown.add_row(f"{weight:.3f}", bar(weight, concepts[0][1]), name)
    console.print(shown)
    print_summary(
        f"decomposition: {len(concepts)} concepts; together they have cosine {cosine:.3f} "
        "to the image"
    )


def _print_explanation(searcher: Searcher, path: str, query: str, *, as_json: bool) -> None:
    found_match = searcher.explain(query, path)
    if as_json:
        print_json(
            {
                "path": printable(path),
                "query": query,
                "match": found_match.match,
                "parts": [
                    {
                        "part": part.contribution.concept,
                        "holds": part.holds,
                        "strength": part.contribution.weight,
                        "contribution": part.contribution.contribution,
                        "fired": [asdict(fired) for fired in part.contribution.fired],
                    }
                    for part in found_match.parts
                ],
            }
        )
        return
    verb = "matches" if found_match.match else "does not match"
    print_title(f"{printable(path)} {verb} {query}")
    shown = table("holds", "presence", "", "part of the query", "because of", right=["presence"])
    for part in found_match.parts:
        found = part.contribution
        likely = ", ".join(f"{one.concept} {one.strength:.2f}" for one in found.fired[:3])
        shown.add_row(
            "yes" if part.holds else "no",
            f"{found.weight:.2f}",
            bar(found.weight, 1.0),
            found.concept,
            likely,
            style=None if part.holds else "red",
        )
    console.print(shown)
