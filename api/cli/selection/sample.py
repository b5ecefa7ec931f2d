"""`splicedex sample`: choose images at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from splicedex.api.cli.curation.arguments import Number, Query, Seed, Tag, Yes
from splicedex.api.cli.options import IndexAddress, Json, Paths, Print0
from splicedex.api.cli.render import print_path, print_summary
from splicedex.api.cli.selection.selecting import select

if TYPE_CHECKING:
    from splicedex.api.python.index import Index
    from splicedex.api.python.tables.results import Selection

EXAMPLES = """
[bold]Examples[/bold]

splicedex sample "dog NOT person" --n 50 --index photos.idx

splicedex sample "" --n 1000 --seed 7 --tag set=test --yes --index photos.idx
"""


def run(
    index: IndexAddress,
    query: Query,
    n: Number,
    seed: Seed = 0,
    tag: Tag = None,
    yes: Yes = False,
    paths: Paths = False,
    print0: Print0 = False,
    json: Json = False,
) -> None:
    """Choose images at random.

    The same seed chooses the same images, in whatever index they are.
    """

    def choose(ix: Index, tags: dict[str, str] | None) -> Selection:
        return ix.sample(query, n, seed=seed, tag=tags, dry_run=not yes)

    select(index, choose, _show, tag=tag, paths=paths, print0=print0, json=json)


def _show(found: Selection) -> None:
    for image in found.chosen:
        print_path(image.name)
    print_summary(f"{len(found.chosen):,} of {found.images:,} images")
