"""Reading the images of a subset with their vectors, and the concepts to leave out of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from splicedex.indexer.engines.query import Hit
from splicedex.indexer.sources.base import blocks
from splicedex.indexer.store.index import Index
from splicedex.search.curation.subsets.subset import Subset
from splicedex.search.query.resolve import resolve
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

Progress: TypeAlias = Callable[[int, int], None]
"""Called with what is done and the total."""


def silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


def read(
    index: Index,
    chosen: Subset,
    columns: tuple[str, ...],
    on_progress: Progress = silent,
    *,
    with_dense: bool = False,
) -> Iterator[list[Hit]]:
    """The images of a subset in blocks, in id order, with weights and some columns."""
    done = 0
    hits = index.engine.scroll(
        chosen.filter, with_payload=columns or False, with_dense=with_dense, with_concepts=True
    )
    for block in blocks(hits):
        yield block
        done += len(block)
        on_progress(done, chosen.images)


def left_out(searcher: Searcher, words: Sequence[str]) -> tuple[int, ...]:
    """Concept ids of words and of their families, by the query language's resolution.

    Raises:
        UserError: A word is unknown.
    """
    space, encode = searcher.index.space, searcher.context.encode
    found = {i for word in words for i in resolve(space, word, encode=encode).family}
    return tuple(sorted(found))


def check_column(index: Index, column: str) -> None:
    """Refuse a column the index does not know.

    Raises:
        UserError: There is no such column.
    """
    if column not in index.columns:
        raise UserError(f"no column {column!r}", f"the columns are {', '.join(index.columns)}")
