"""`splicedex search`: explained hits for a query."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from splicedex.api.cli.options import IndexAddress, Json, Limit
from splicedex.api.cli.render import bar, console, errors, print_json, short_path, table
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.search.searcher import Result, Results

EXAMPLES = """
[bold]Examples[/bold]

splicedex search "dog AND water" --index photos.idx

splicedex search '(beach OR snow) NOT person label:holiday' --index photos.idx --near

splicedex search 'dog>0.6 text:"a photo at dusk"' --index photos.idx --json

splicedex search 'like:beach.jpg -person +snow' --index photos.idx --limit 5
"""
RANKS = ("auto", "concept", "dense", "rrf")
SHOWN = 4
"""Concepts shown of a hit on a terminal; --json has them all."""


def run(
    query: Annotated[
        str,
        typer.Argument(help='dog AND (beach OR "swimming pool") NOT person, text:"...", like:PATH'),
    ],
    index: IndexAddress,
    limit: Limit = 10,
    offset: Annotated[int, typer.Option(min=0, help="Skip this many of the best.")] = 0,
    cursor: Annotated[
        str | None, typer.Option(help="Where the last answer to this query ended.")
    ] = None,
    near: Annotated[
        bool, typer.Option("--near", help="Let near misses follow the matches.")
    ] = False,
    rank: Annotated[
        str,
        typer.Option(help="By concept belief, dense vector, or rrf, the fusion of rankings; auto."),
    ] = "auto",
    weights: Annotated[
        str | None,
        typer.Option(
            help="Of the rankings for dense and rrf, as 2,1: text: and like: in turn, "
            "then the concepts."
        ),
    ] = None,
    diversity: Annotated[
        float, typer.Option(min=0, max=1, help="Above 0, prefer hits unlike those before them.")
    ] = 0.0,
    explain_plan: Annotated[
        bool, typer.Option("--explain-plan", help="Print what is asked of the engine instead.")
    ] = False,
    json: Json = False,
) -> None:
    """Search, and say why each image is there."""
    from splicedex.search.opening import open_searcher
    from splicedex.search.searcher import Options

    if rank not in RANKS:
        raise UserError(f"--rank {rank} is unknown", f"use {', '.join(RANKS)}")
    options = Options(limit, offset, near, rank, _weights(weights), diversity)  # type: ignore[arg-type]
    with open_searcher(index) as searcher:
        if explain_plan:
            print_json(searcher.describe(query))
            return
        results = searcher.search(query, options, cursor=cursor)
    if json:
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
        raise UserError(f"--weights {text} are not positive numbers", "write them as 2,1")
    return weights


def as_json(results: Results) -> dict[str, Any]:
    """The answer as plain values, as `--json` prints it."""
    return {
        "query": results.query,
        "took_ms": round(results.took_ms, 3),
        "matches": results.matches,
        "notes": list(results.notes),
        "cursor": results.cursor,
        "hits": [_hit(hit) for hit in results.hits],
    }


def _hit(hit: Result) -> dict[str, Any]:
    return {
        "path": hit.path,
        "id": hit.id,
        "score": hit.score,
        "match": hit.match,
        "concepts": [asdict(part) for part in hit.explanation.concepts],
        "base": hit.explanation.base,
        "rest": hit.explanation.rest,
    }


def show(results: Results) -> None:
    """Print hits as a table, with what put each there."""
    for note in results.notes:
        errors.print(note, style="yellow", highlight=False)
    if not results.hits:
        console.print(f"nothing matches {results.query}", highlight=False, markup=False)
        return
    best = max(hit.score for hit in results.hits)
    shown = table("score", "", "path", "because", right=["score"])
    for hit in results.hits:
        style = None if hit.match else "dim"
        score = f"{hit.score:.3f}"
        shown.add_row(score, bar(hit.score, best), short_path(hit.path), _because(hit), style=style)
    console.print(shown)
    told = f"{len(results.hits)} of {results.matches:,} matches in {results.took_ms:.1f} ms"
    console.print(told, style="dim", highlight=False)


def _because(hit: Result) -> str:
    told = []
    for part in hit.explanation.concepts[:SHOWN]:
        kin = [fired.concept for fired in part.fired[:1] if fired.concept != part.concept]
        as_kin = f" as {kin[0]}" if kin and not part.concept.startswith("NOT") else ""
        told.append(f"{part.concept}{as_kin} {part.contribution:+.3f}")
    return ", ".join(told)
