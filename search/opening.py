"""Opens an index for search. Its encoder is loaded when a query first needs it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from splicedex.indexer.store.address import Address
from splicedex.indexer.store.index import Index, open_index
from splicedex.search.encoding import QueryEncoder
from splicedex.search.query.external_images import files
from splicedex.search.searcher import Searcher
from splicedex.search.threads import one_blas_thread
from splicedex.splice.errors import UserError

REFRESH = 10.0
"""Seconds between looks at what other clients changed in an index on a server."""


@contextmanager
def kept_fresh(index: Index) -> Iterator[None]:
    """Keep an index up to date with what other clients change in its files."""
    ended = threading.Event()

    def refresh() -> None:
        while not ended.wait(REFRESH):
            # If the server does not answer, the next query reports it.
            with suppress(UserError, RuntimeError):
                index.refresh()

    thread = threading.Thread(target=refresh, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(timeout=1.0)


@contextmanager
def open_searcher(address: Address | Path) -> Iterator[Searcher]:
    """Open an index that exists for search, and close it after.

    Raises:
        UserError: There is no index, it is damaged, it was made by a newer version, another process
            holds it, or its server does not answer or refuses the request.
    """
    one_blas_thread()
    with open_index(address) as index:
        yield searcher_of(index)


def searcher_of(index: Index) -> Searcher:
    """A searcher of an open index, which may read any file as an image."""
    if index.manifest.encoder is None:
        return Searcher(index)
    encoder = QueryEncoder(index)
    return Searcher(index, encoder.text, files(encoder.file))
