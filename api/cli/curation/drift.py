"""`splicedex drift`: how much what two sets of images show differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import Seed
from splicedex.api.cli.curation.cells import difference_cells
from splicedex.api.cli.options import IndexAddress, Json, Limit, opened
from splicedex.api.cli.render import (
    console,
    print_line,
    print_result,
    print_summary,
    print_title,
    table,
    with_synonyms,
)

if TYPE_CHECKING:
    from splicedex.api.python.tables.results import Drift

EXAMPLES = """
[bold]Examples[/bold]

splicedex drift "path:2023/*" "path:2024/*" --index photos.idx

splicedex drift "taken<20240101" "taken>=20240101" --index photos.idx --json

splicedex drift "" "" --index march.idx --to april.idx  # all images of two indexes
"""


def run(
    index: IndexAddress,
    first: Annotated[str, typer.Argument(help='Query of the first set; "" for every image.')],
    second: Annotated[str, typer.Argument(help='Query of the second set; "" for every image.')],
    to: Annotated[
        str | None,
        typer.Option(
            help="Index of the second set: a folder, or http://HOST:PORT/COLLECTION.",
            show_default="the same index",
        ),
    ] = None,
    permutations: Annotated[
        int, typer.Option(min=99, help="Number of random splits of the permutation test.")
    ] = 999,
    seed: Seed = 0,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Measure how much two sets of images differ in what they show, and which concepts changed.

    The distance is compared with the distance of random splits of the same images.
    """
    with opened(index) as ix:
        found = ix.drift(first, second, to=to, permutations=permutations, seed=seed, limit=limit)
    print_result(found, _show, as_json=json)


def _show(found: Drift) -> None:
    sides = zip(found.names, found.images, found.sampled, strict=True)
    print_title(" and ".join(f"{name} ({n:,} images, {m:,} read)" for name, n, m in sides))
    mean, high = found.by_chance
    print_line(
        f"Jensen-Shannon distance {found.distance:.3f}; by chance {mean:.3f} on average and below "
        f"{high:.3f} in 95% of splits; p = {found.p:.3g}"
    )
    numbers = ("first", "second", "change", "95% interval", "q")
    shown = table(*numbers, "concept", right=numbers)
    for one in found.moved:
        shown.add_row(
            *difference_cells(*one.shares, one.difference),
            f"{one.q:.1g}",
            with_synonyms(one.concept, one.family),
        )
    console.print(shown)
    print_summary(f"{found.significant:,} concepts changed at q < .05")
