"""Opening an index for search, with its encoder."""

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
"""Seconds between two checks for changes that other processes made to an open index."""


@contextmanager
def kept_fresh(index: Index) -> Iterator[None]:
    """Load the changes of other processes regularly, in a thread, while an index is open.

    Args:
        index: Open index.
    """
    ended = threading.Event()

    def refresh() -> None:
        while not ended.wait(REFRESH):
            # If a server does not answer, the next query says so. At the end the index is closed.
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
    """Open an existing index for search, and close it at the end.

    Args:
        address: Folder or server address of the index.

    Raises:
        UserError: The index does not exist, is damaged, has a newer format or is locked by another
            process; or its server does not answer or refuses the request.
    """
    one_blas_thread()
    with open_index(address) as index:
        if index.manifest.encoder is None:
            yield Searcher(index)
        else:
            encoder = QueryEncoder(index)
            yield Searcher(index, encoder.text, files(encoder.file))
