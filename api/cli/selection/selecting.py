"""What `balance`, `duplicates`, `outliers` and `sample` do with the images they choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from splicedex.api.cli.curation.arguments import split_assignment
from splicedex.api.cli.options import Listing, listing_of, opened
from splicedex.api.cli.render import print_files, print_json, print_summary
from splicedex.indexer.sources.location import file_of

if TYPE_CHECKING:
    from splicedex.api.python.index import Index
    from splicedex.api.python.tables.results import Choice
    from splicedex.indexer.store.address import Address

Found = TypeVar("Found", bound="Choice")


def select(
    index: Address,
    choose: Callable[[Index, dict[str, str] | None], Found],
    show: Callable[[Found], None],
    *,
    tag: str | None,
    paths: bool,
    print0: bool,
    json: bool,
) -> None:
    """Choose images, tag them if asked for, and print them.

    Args:
        index: The address of the index.
        choose: Chooses the images of an open index, and tags them with a column and its value.
        show: Shows the result to people.
        tag: NAME=VALUE; None for no tag.
        paths: Print only the files of the images, one a line.
        print0: The same with a NUL after each.
        json: Print JSON.

    Raises:
        UserError: The tag is not of the form NAME=VALUE, or does not fit its column.
    """
    listing: Listing = listing_of(paths=paths, print0=print0, json=json)
    tags = None if tag is None else dict([split_assignment(tag)])
    with opened(index) as ix:
        found = choose(ix, tags)
    if listing is not None:
        print_files((file_of(image.path) for image in found.images_found()), listing)
    elif json:
        print_json(found.to_dict())
    else:
        show(found)
        if found.tagged:
            print_summary(found.tagged)
