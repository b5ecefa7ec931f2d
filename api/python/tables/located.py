"""Images of results with the files that they are in: their path opens as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from splicedex.indexer.sources.location import printable
from splicedex.search.curation.subsets.subset import Example

if TYPE_CHECKING:
    from splicedex.search.searcher import Searcher

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Image(Example):
    """An image of a result.

    Args:
        id: Its point id.
        path: Its file.
        name: Its name in the index.
    """

    name: str = ""


def files_of(searcher: Searcher, ids: Iterable[str]) -> dict[str, Path]:
    """The files of images, by id, in the order of the ids."""
    from splicedex.indexer.sources.base import blocks
    from splicedex.indexer.sources.location import to_path

    engine, fields_read = searcher.index.engine, ("path", "location")
    found = (engine.retrieve(block, with_payload=fields_read) for block in blocks(ids))
    return {hit.id: to_path(hit.payload) for hits in found for hit in hits}


def located(searcher: Searcher, result: Found) -> Found:
    """A result whose images have the path of their file; their names in the index are beside it.

    Args:
        searcher: A searcher of the index that the result is of.
        result: A dataclass with images anywhere in it.
    """
    files = files_of(searcher, dict.fromkeys(image.id for image in _images(result)))

    def rebuild(value: Any) -> Any:
        if isinstance(value, Example):
            # An image may have gone in the meantime.
            file = files.get(value.id, Path(value.path))
            return Image(value.id, printable(str(file)), value.path)
        if isinstance(value, tuple):
            return tuple(rebuild(one) for one in value)
        if is_dataclass(value) and not isinstance(value, type):
            changed = {
                field.name: rebuild(old)
                for field in fields(value)
                if isinstance(old := getattr(value, field.name), tuple) or is_dataclass(old)
            }
            return replace(value, **changed) if changed else value
        return value

    rebuilt: Found = rebuild(result) if files else result
    return rebuilt


def _images(value: Any) -> Iterator[Example]:
    """The images in a result."""
    if isinstance(value, Example):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _images(one)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _images(getattr(value, field.name))
