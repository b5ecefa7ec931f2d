"""`splicedex drift`: whether two sets of images speak of the same things."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.common import Seed, with_kin
from splicedex.api.cli.options import IndexAddress, Json, Limit, sibling
from splicedex.api.cli.render import console, print_json, table

if TYPE_CHECKING:
    from splicedex.search.curation.drift import Drift

EXAMPLES = """
[bold]Examples[/bold]

splicedex drift "path:2023/*" "path:2024/*" --index photos.idx

splicedex drift "taken<20240101" "taken>=20240101" --index photos.idx --json

splicedex drift "" "" --index march.idx --to april.idx     two indexes, all of each
"""


def run(
    index: IndexAddress,
    first: Annotated[str, typer.Argument(help="A query; empty for every image.")],
    second: Annotated[str, typer.Argument(help="Another.")],
    to: Annotated[
        str | None,
        typer.Option(
            help="Index folder, or http://HOST:PORT/COLLECTION, the second query is of "
            "[default: the same index]"
        ),
    ] = None,
    permutations: Annotated[int, typer.Option(min=99, help="Of the test.")] = 999,
    seed: Seed = 0,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Show how far the concepts of two sets are apart, beside chance, and which moved."""
    from splicedex.search.curation.drift import drift
    from splicedex.search.opening import open_searcher

    with ExitStack() as stack:
        one = stack.enter_context(open_searcher(index))
        two = one if to is None else stack.enter_context(open_searcher(sibling(index, to)))
        found = drift((one, first), (two, second), limit, permutations, seed)
    if json:
        print_json(asdict(found))
    else:
        _show(found)


def _show(found: Drift) -> None:
    sides = zip(found.names, found.images, found.sampled, strict=True)
    told = " against ".join(f"{name} ({n:,} images, {m:,} read)" for name, n, m in sides)
    console.print(told, style="bold", highlight=False, markup=False)
    mean, most = found.by_chance
    console.print(
        f"Jensen-Shannon distance {found.distance:.3f}, by chance {mean:.3f}, "
        f"rarely over {most:.3f}; p = {found.p:.3g}",
        highlight=False,
    )
    numbers = ("first", "second", "change", "95%", "q")
    shown = table(*numbers, "concept", right=numbers)
    for one in found.moved:
        change = one.difference
        shown.add_row(
            f"{one.shares[0]:.1%}",
            f"{one.shares[1]:.1%}",
            f"{100 * change.value:+.1f}",
            f"{100 * change.low:+.1f} to {100 * change.high:+.1f}",
            f"{one.q:.1g}",
            with_kin(one.concept, one.family),
        )
    console.print(shown)
    told = f"{found.significant:,} concepts moved at q < .05"
    console.print(told, style="dim", highlight=False)
