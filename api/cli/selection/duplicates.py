"""`splicedex duplicates`: copies of images, and images that look alike."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.curation.arguments import Inside, Tag, Yes, split_words
from splicedex.api.cli.options import IndexAddress, Json, Limit, Paths, Print0
from splicedex.api.cli.render import print_line, print_summary, print_title, short_path
from splicedex.api.cli.selection.selecting import select

if TYPE_CHECKING:
    from splicedex.api.python.index import Index
    from splicedex.api.python.tables.results import Duplicates
    from splicedex.search.curation.duplicates import Copy

EXAMPLES = """
[bold]Examples[/bold]

splicedex duplicates --index photos.idx

splicedex duplicates --kinds turned,mirrored,cropped --index photos.idx

splicedex duplicates --above 0.98 --index photos.idx

splicedex duplicates --tag duplicate=1 --yes --index photos.idx

splicedex export "NOT duplicate:1" --to kept/ --as links --yes --index photos.idx
"""


def run(
    index: IndexAddress,
    inside: Inside = "",
    kinds: Annotated[
        str,
        typer.Option(
            metavar="KIND,...",
            help="List only copies of these kinds: identical, re-encoded, mirrored, turned, "
            "cropped, greyed, shrunk, enlarged; alike lists images that are no copies but look "
            "the same to the model.",
        ),
    ] = "",
    above: Annotated[
        float | None,
        typer.Option(
            help="Also list images that look alike, with at least this cosine.",
            show_default="0.95, only for images without a fingerprint",
        ),
    ] = None,
    keep: Annotated[
        str,
        typer.Option(
            help="Which image of each group to keep: the first by path; the largest in pixels that "
            "is neither cropped nor greyed; the oldest file; or the central one, most similar to "
            "the others."
        ),
    ] = "largest",
    exact: Annotated[
        bool | None,
        typer.Option(
            "--exact/--graph",
            help="Compare every pair of embeddings, or use the nearest-neighbour graph, which is "
            "faster for many images but can miss some.",
            show_default="--graph above 250,000 images",
        ),
    ] = None,
    tag: Tag = None,
    yes: Yes = False,
    limit: Limit = 20,
    paths: Paths = False,
    print0: Print0 = False,
    json: Json = False,
) -> None:
    """Find copies of images: turned, mirrored, cropped, greyed, shrunk; and which to keep.

    --tag marks all images of a group except the one to keep; --paths lists them.
    """

    def choose(ix: Index, tags: dict[str, str] | None) -> Duplicates:
        return ix.duplicates(
            inside,
            kinds=split_words(kinds),
            above=above,
            keep=keep,  # type: ignore[arg-type]
            exact=exact,
            tag=tags,
            dry_run=not yes,
        )

    show = partial(_show, limit=limit)
    select(index, choose, show, tag=tag, paths=paths, print0=print0, json=json)


def _show(found: Duplicates, limit: int) -> None:
    for group in found.groups[:limit]:
        print_title(short_path(group.keep.name))
        for copy in group.others:
            print_line(f"  {copy.cosine:.3f}  {short_path(copy.image.name)}  {_said(copy)}")
    summary = (
        f"{len(found.groups):,} groups in {found.images:,} images; "
        f"{found.superfluous:,} images besides the one to keep of each group"
    )
    if not found.exact:
        summary += "; found by the graph, which can miss some: --exact compares every pair"
    if found.unprinted:
        summary += (
            f"; {found.unprinted:,} have no fingerprint, so that only embeddings could be compared"
        )
    print_summary(summary)


def _said(copy: Copy) -> str:
    """What a copy is; told by fingerprints alone, it is less certain."""
    return f"{copy.says}, by fingerprint" if copy.checked == "fingerprints" else copy.says
