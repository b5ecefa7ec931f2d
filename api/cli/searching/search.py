"""`splicedex search`: find images by a query, and explain each."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from splicedex.api.cli.options import (
    IndexAddress,
    Json,
    Limit,
    Listing,
    Paths,
    Print0,
    listing_of,
)
from splicedex.api.cli.render import (
    bar,
    console,
    print_files,
    print_json,
    print_line,
    print_notes,
    print_summary,
    short_path,
    table,
)
from splicedex.indexer.sources.location import printable, to_path
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.search.results import Result, Results

EXAMPLES = """
[bold]Examples[/bold]

splicedex search "dog AND water" --index photos.idx

splicedex search '(beach OR snow) NOT person label:holiday' --index photos.idx --near

splicedex search 'dog>0.6 text:"a photo at dusk"' --index photos.idx --json

splicedex search 'like:beach.jpg -person +snow' --index photos.idx --limit 5

splicedex search "dog -person" -n 1000 --index photos.idx --print0 | xargs -0 cp -t dogs/
"""
RANKS = ("auto", "concept", "dense", "rrf")
SHOWN = 4
"""Concepts shown for a hit on a terminal; --json has all."""


def run(
    query: Annotated[
        str,
        typer.Argument(
            help='Query, such as: dog AND (beach OR "swimming pool") NOT person, '
            'text:"a photo at dusk", like:PATH, label:cat'
        ),
    ],
    index: IndexAddress,
    limit: Limit = 10,
    offset: Annotated[int, typer.Option(min=0, help="Skip this many of the first results.")] = 0,
    cursor: Annotated[
        str | None,
        typer.Option(help="Continue after an earlier page: the cursor that --json printed there."),
    ] = None,
    near: Annotated[
        bool, typer.Option("--near", help="Show near misses after the matches.")
    ] = False,
    rank: Annotated[
        str,
        typer.Option(
            help="concept: by the probability of the concepts. dense: by similarity to one vector "
            "of the whole query. rrf: by fusing one ranking for each part of the query. auto: "
            "dense if the query has text: or like:, else concept."
        ),
    ] = "auto",
    weights: Annotated[
        str | None,
        typer.Option(
            help="Weights of the rankings for dense and rrf, such as 2,1: one for each text: and "
            "like: in the query, then one for the concepts."
        ),
    ] = None,
    diversity: Annotated[
        float,
        typer.Option(min=0, max=1, help="Above 0, prefer images that differ from those before."),
    ] = 0.0,
    explain_plan: Annotated[
        bool,
        typer.Option(
            "--explain-plan", help="Print the request to the engine instead of searching."
        ),
    ] = False,
    paths: Paths = False,
    print0: Print0 = False,
    json: Json = False,
) -> None:
    """Find images by a query, and show why each matches."""
    from splicedex.search.opening import open_searcher
    from splicedex.search.results import Options

    if rank not in RANKS:
        raise UserError(f"--rank {rank} is unknown", f"use {', '.join(RANKS)}")
    listing = listing_of(paths=paths, print0=print0, json=json)
    options = Options(limit, offset, near, rank, _weights(weights), diversity)  # type: ignore[arg-type]
    with open_searcher(index) as searcher:
        if explain_plan:
            print_json(searcher.describe(query))
            return
        results = searcher.search(query, options, cursor=cursor)
    present(results, listing, json=json)


def present(results: Results, listing: Listing, *, json: bool) -> None:
    """Print results as files, as JSON, or as a table."""
    if listing is not None:
        print_notes(results.notes)
        print_files((to_path(hit.payload) for hit in results.hits), listing)
    elif json:
        print_json(as_json(results))
    else:
        show(results)


def _weights(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        weights = tuple(float(weight) for weight in text.split(","))
    except ValueError:
        weights = ()
    if not weights or not all(0 < weight < 1e6 for weight in weights):
        raise UserError(f"--weights {text} is not a list of positive numbers", "write 2,1")
    return weights


def as_json(results: Results) -> dict[str, Any]:
    """The results as plain values, as `--json` prints them."""
    return {
        "query": results.query,
        "reading": results.reading,
        "took_ms": round(results.took_ms, 3),
        "matches": results.matches,
        "notes": list(results.notes),
        "cursor": results.cursor,
        "hits": [_hit(hit) for hit in results.hits],
    }


def _hit(hit: Result) -> dict[str, Any]:
    return {
        "path": printable(str(to_path(hit.payload))),
        "name": hit.path,
        "id": hit.id,
        "score": hit.score,
        "match": hit.match,
        "shows": [{"concept": name, "probability": p} for name, p in hit.shows],
        "concepts": [asdict(part) for part in hit.explanation.concepts],
        "base": hit.explanation.base,
        "rest": hit.explanation.rest,
    }


def show(results: Results) -> None:
    """Print results as a table, with the concepts that matter most for each."""
    print_notes(results.notes)
    if not results.hits:
        print_line(f"nothing matches {results.query}")
        return
    best = max(hit.score for hit in results.hits)
    shown = table("score", "", "path", "because", right=["score"])
    for hit in results.hits:
        style = None if hit.match else "dim"
        score = f"{hit.score:.3f}"
        shown.add_row(score, bar(hit.score, best), short_path(hit.path), _because(hit), style=style)
    console.print(shown)
    took = f"{results.took_ms:.1f} ms"
    print_summary(f"{len(results.hits)} of {results.matches:,} matches in {took}")


def _because(hit: Result) -> str:
    """The largest contributions to a score: `dog as puppy +0.412, beach +0.230`."""
    parts = []
    for part in hit.explanation.concepts[:SHOWN]:
        others = [fired.concept for fired in part.fired[:1] if fired.concept != part.concept]
        synonym = f" as {others[0]}" if others and not part.concept.startswith("NOT") else ""
        parts.append(f"{part.concept}{synonym} {part.contribution:+.3f}")
    return ", ".join(parts)
