"""`splicedex outliers`: images that their concepts describe worst."""

from __future__ import annotations

from dataclasses import asdict

from splicedex.api.cli.curation.common import Inside, Tag, Yes, tag_chosen
from splicedex.api.cli.options import IndexAddress, Json, Limit
from splicedex.api.cli.render import bar, console, print_json, short_path, table

EXAMPLES = """
[bold]Examples[/bold]

splicedex outliers --index photos.idx

splicedex outliers --in "label:cat" --limit 100 --tag review=odd --yes --index photos.idx
"""


def run(
    index: IndexAddress,
    inside: Inside = "",
    tag: Tag = None,
    yes: Yes = False,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """Show the images with the lowest reconstruction cosine: there is no word for them."""
    from splicedex.search.curation.outliers import outliers
    from splicedex.search.opening import open_searcher

    with open_searcher(index) as searcher:
        found = outliers(searcher, inside, limit)
        told = tag_chosen(searcher, tag, [one.id for one in found], yes=yes)
    if json:
        print_json({"outliers": [asdict(one) for one in found], "tagged": told})
        return
    shown = table("cosine", "", "path", right=["cosine"])
    for one in found:
        shown.add_row(f"{one.cosine:.3f}", bar(one.cosine, 1.0), short_path(one.path))
    console.print(shown)
    if told:
        console.print(told, style="dim", highlight=False, markup=False)
