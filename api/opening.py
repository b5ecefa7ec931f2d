"""Opening an index for search, with its encoder at hand should a query need it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.index import open_index
from search.encoding import LazyEncoder
from search.searcher import Searcher


@contextmanager
def open_searcher(folder: Path) -> Iterator[Searcher]:
    """Open an index that exists for search, and close it after.

    Raises:
        UserError: No index there, damaged, newer, or held by another process.
    """
    with open_index(folder) as index:
        if index.manifest.encoder is None:
            yield Searcher(index)
        else:
            encoder = LazyEncoder(index)
            yield Searcher(index, encoder.text, encoder.file)
