"""`splicedex search`: find images by a query, and explain each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.options import (
    IndexAddress,
    Json,
    Limit,
    Listing,
    Paths,
    Print0,
    listing_of,
    opened,
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
from splicedex.indexer.sources.location import file_of
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.api.python.images.hits import Hits

EXAMPLES = """
[bold]Examples[/bold]

splicedex search "dog AND water" --index photos.idx

splicedex search '(beach OR snow) NOT person label:holiday' --index photos.idx --near

splicedex search 'dog>0.6 text:"a photo at dusk"' --index photos.idx --json

splicedex search 'like:beach.jpg -person +snow' --index photos.idx --limit 5

splicedex search "dog -person" -n 1000 --index photos.idx --print0 | xargs -0 cp -t dogs/
"""


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
    listing = listing_of(paths=paths, print0=print0, json=json)
    with opened(index) as ix:
        hits = ix.search(
            query,
            limit=limit,
            offset=offset,
            cursor=cursor,
            near=near,
            rank=rank,  # type: ignore[arg-type]
            weights=_weights(weights),
            diversity=diversity,
        )
        if explain_plan:
            print_json(hits.plan())
            return
        present(hits, listing, json=json)


def present(hits: Hits, listing: Listing, *, json: bool) -> None:
    """Print hits as files, as JSON, or as a table."""
    if listing is not None:
        print_notes(hits.notes)
        print_files((file_of(hit.path) for hit in hits), listing)
    elif json:
        print_json(hits.to_dict())
    else:
        show(hits)


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


def show(hits: Hits) -> None:
    """Print hits as a table, with the concepts that matter most for each."""
    print_notes(hits.notes)
    if not len(hits):
        print_line(f"nothing matches {hits.query}")
        return
    best = max(hit.score for hit in hits)
    shown = table("score", "", "path", "because", right=["score"])
    for hit in hits:
        style = None if hit.match else "dim"
        score, because = f"{hit.score:.3f}", ", ".join(hit.reasons)
        shown.add_row(score, bar(hit.score, best), short_path(hit.name), because, style=style)
    console.print(shown)
    print_summary(f"{len(hits)} of {hits.matches:,} matches in {hits.took_ms:.1f} ms")
