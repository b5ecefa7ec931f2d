"""What `balance`, `duplicates`, `outliers` and `sample` do with the images they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from splicedex.api.cli.curation.arguments import split_assignment
from splicedex.api.cli.options import Listing
from splicedex.api.cli.render import print_files, print_json, print_summary
from splicedex.indexer.sources.location import printable

if TYPE_CHECKING:
    from splicedex.indexer.store.address import Address
    from splicedex.search.searcher import Searcher

Found = TypeVar("Found")


def select(
    index: Address,
    find: Callable[[Searcher], Found],
    *,
    ids: Callable[[Found], Sequence[str]],
    to_json: Callable[[Found], dict[str, Any]],
    show: Callable[[Found], None],
    tag: str | None,
    yes: bool,
    as_json: bool,
    listing: Listing = None,
) -> None:
    """Find images, tag them if asked for, and print them.

    Args:
        index: The address of the index.
        find: Finds the images.
        ids: The ids of the images to tag.
        to_json: The result as plain values, to which "tagged" is added.
        show: Shows the result to people.
        tag: NAME=VALUE, the column value to write; None for no tag.
        yes: Write the tag; otherwise only say that it would be written.
        as_json: Print JSON.
        listing: Print only the files of the images of `ids`, each followed by this.

    Raises:
        UserError: The tag is not of the form NAME=VALUE, or does not fit its column.
    """
    from splicedex.search.opening import open_searcher

    with open_searcher(index) as searcher:
        found = find(searcher)
        tagged = None if tag is None else _tag(searcher, tag, ids(found), yes=yes)
        if listing is not None:
            print_files(_files(searcher, ids(found)).values(), listing)
            return
        if as_json:
            print_json({**_opening(searcher, to_json(found)), "tagged": tagged})
            return
    show(found)
    if tagged:
        print_summary(tagged)


def _files(searcher: Searcher, ids: Iterable[str]) -> dict[str, Path]:
    """The files of images, by id."""
    from splicedex.indexer.sources.base import blocks
    from splicedex.indexer.sources.location import to_path

    engine, fields = searcher.index.engine, ("path", "location")
    found = (engine.retrieve(block, with_payload=fields) for block in blocks(ids))
    return {hit.id: to_path(hit.payload) for hits in found for hit in hits}


def _opening(searcher: Searcher, result: dict[str, Any]) -> dict[str, Any]:
    """A result whose paths open as they are; the names in the index are beside them."""
    images: list[dict[str, Any]] = []

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if {"id", "path"} <= value.keys():
                images.append(value)
            value = list(value.values())
        if isinstance(value, list | tuple):
            for one in value:
                look(one)

    look(result)
    files = _files(searcher, dict.fromkeys(image["id"] for image in images))
    for image in images:
        image |= {"name": image["path"], "path": printable(str(files[image["id"]]))}
    return result


def _tag(searcher: Searcher, tag: str, ids: Sequence[str], *, yes: bool) -> str:
    """Write a tag, or not, and return what to say about it."""
    from splicedex.search.curation.tagging import typed_value, write_tag

    name, value = split_assignment(tag)
    typed = typed_value(searcher, name, value)
    if not yes:
        return f"would write {name}={value} to {len(ids):,} images; add --yes to do it"
    write_tag(searcher, ids, name, typed)
    return f"wrote {name}={value} to {len(ids):,} images"
