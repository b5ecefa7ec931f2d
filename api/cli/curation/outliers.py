"""`splicedex outliers`: the images that their concepts describe worst."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from splicedex.api.cli.curation.arguments import Inside, Tag, Yes
from splicedex.api.cli.curation.selecting import listing_of, select
from splicedex.api.cli.options import IndexAddress, Json, Limit, Paths, Print0
from splicedex.api.cli.render import bar, console, short_path, table

if TYPE_CHECKING:
    from splicedex.search.curation.outliers import Outlier
    from splicedex.search.searcher import Searcher

EXAMPLES = """
[bold]Examples[/bold]

splicedex outliers --index photos.idx

splicedex outliers --in label:cat --limit 100 --tag review=odd --yes --index photos.idx
"""


def run(
    index: IndexAddress,
    inside: Inside = "",
    tag: Tag = None,
    yes: Yes = False,
    limit: Limit = 20,
    paths: Paths = False,
    print0: Print0 = False,
    json: Json = False,
) -> None:
    """Find the images that their concepts describe worst.

    These have the lowest cosine between the image and what its concepts add up to: often noise,
    screenshots, or things that the vocabulary has no word for.
    """
    from splicedex.search.curation.outliers import outliers

    def find(searcher: Searcher) -> tuple[Outlier, ...]:
        return outliers(searcher, inside, limit)

    select(
        index,
        find,
        ids=_ids,
        to_json=_to_json,
        show=_show,
        tag=tag,
        yes=yes,
        as_json=json,
        listing=listing_of(paths=paths, print0=print0),
    )


def _ids(found: tuple[Outlier, ...]) -> list[str]:
    return [one.id for one in found]


def _to_json(found: tuple[Outlier, ...]) -> dict[str, Any]:
    return {"outliers": [asdict(one) for one in found]}


def _show(found: tuple[Outlier, ...]) -> None:
    shown = table("cosine", "", "path", right=["cosine"])
    for one in found:
        shown.add_row(f"{one.cosine:.3f}", bar(one.cosine, 1.0), short_path(one.path))
    console.print(shown)
