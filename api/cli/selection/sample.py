"""`splicedex sample`: choose images at random."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from splicedex.api.cli.curation.arguments import Number, Query, Seed, Tag, Yes
from splicedex.api.cli.options import IndexAddress, Json, Paths, Print0, listing_of
from splicedex.api.cli.render import print_path, print_summary
from splicedex.api.cli.selection.selecting import select

if TYPE_CHECKING:
    from splicedex.search.curation.subsets.selection import Selection
    from splicedex.search.searcher import Searcher

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
    from splicedex.search.curation.sample import sample

    def find(searcher: Searcher) -> Selection:
        return sample(searcher, query, n, seed)

    select(
        index,
        find,
        ids=_ids,
        to_json=asdict,
        show=_show,
        tag=tag,
        yes=yes,
        as_json=json,
        listing=listing_of(paths=paths, print0=print0, json=json),
    )


def _ids(found: Selection) -> list[str]:
    return [image.id for image in found.chosen]


def _show(found: Selection) -> None:
    for image in found.chosen:
        print_path(image.path)
    print_summary(f"{len(found.chosen):,} of {found.images:,} images")
