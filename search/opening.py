"""Opening an index for search, with its encoder at hand should a query need it."""

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
"""Seconds until a server's index that is open for long looks what others changed."""


@contextmanager
def kept_fresh(index: Index) -> Iterator[None]:
    """While an index is open for long: let it see what others change in its files."""
    ended = threading.Event()

    def refresh() -> None:
        while not ended.wait(REFRESH):
            # A server that is away is told of by what is asked of it; at the end it is closed.
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
        UserError: No index there, damaged, newer, held by another process, or on a server that is
            away or refuses us.
    """
    one_blas_thread()
    with open_index(address) as index:
        if index.manifest.encoder is None:
            yield Searcher(index)
        else:
            encoder = QueryEncoder(index)
            yield Searcher(index, encoder.text, files(encoder.file))
