"""Reading the images of a subset, block by block."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from splicedex.indexer.engines.query import Filter, Hit
from splicedex.indexer.payload.columns import fields_of, text_of, value_of
from splicedex.indexer.sources.base import blocks
from splicedex.indexer.store.index import Index
from splicedex.search.curation.subsets.subset import Subset

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how much is done, and the total."""
_PAGE = 8192
"""Ids read with one request."""


def silent(done: int, total: int) -> None:
    """Ignore progress."""


def read(
    index: Index,
    chosen: Subset,
    columns: tuple[str, ...],
    on_progress: Progress = silent,
    *,
    with_dense: bool = False,
) -> Iterator[list[Hit]]:
    """Read the images of a subset in blocks, in the order of their ids.

    Args:
        index: The open index.
        chosen: The subset.
        columns: Columns to read into the payload.
        on_progress: Called with images done and their total.
        with_dense: Read the dense vectors too; SpLiCE weights are always read.
    """
    done = 0
    hits = index.engine.scroll(
        chosen.filter,
        with_payload=fields_of(*columns) or False,
        with_dense=with_dense,
        with_concepts=True,
    )
    for block in blocks(hits):
        yield block
        done += len(block)
        on_progress(done, chosen.images)


def read_ids(index: Index, passing: Filter | None) -> Iterator[str]:
    """The ids of the images that pass a filter, in order; None passes every image."""
    for hit in index.engine.scroll(passing, with_payload=False, page=_PAGE):
        yield hit.id


def column_values(hits: Sequence[Hit], column: str | None) -> list[str]:
    """The value of a column for each image, as text; empty where it has none."""
    return [text_of(value_of(hit.payload, column)) if column else "" for hit in hits]
