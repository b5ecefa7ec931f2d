"""An open index, and `open`, which opens one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from os import PathLike
from typing import TYPE_CHECKING

from splicedex.api.python.curating import Curating
from splicedex.api.python.keeping import Keeping
from splicedex.api.python.named import expanded
from splicedex.api.python.progress import Bars, Progress
from splicedex.api.python.session import Session
from splicedex.indexer.store.address import Address, Folder, parse_address, sibling

if TYPE_CHECKING:
    from types import TracebackType

    from splicedex.api.python.asking import Asking
    from splicedex.api.python.images.view import View


class Index(Curating, Keeping):
    """An open index; `splicedex.open` makes it. Close it, or use it in a `with` statement.

    Threads may share it. A folder is open in one process at a time: after a fork, methods of the
    child raise a `UserError`; a pickle opens the index again where it is loaded, which works for
    servers, and for a folder as soon as it is closed here.

    Args:
        address: Its address.
        progress: Shows progress; by default bars of tqdm.

    Raises:
        UserError: There is no index, it is damaged, it was made by a newer version, another process
            holds it, or its server does not answer or refuses the request.
    """

    def __init__(self, address: Address, progress: Progress | None = None) -> None:
        super().__init__(Session(address), progress or Bars())

    @property
    def address(self) -> str:
        """Its folder, or the URL of its collection."""
        return str(self._session.address)

    def view(self, query: str | Asking = "") -> View:
        """The set of images that match a query.

        Args:
            query: The query; empty for every image.

        Raises:
            UserError: The query is not valid, or ranks (`text:`, `like:`), so that it is no set.

        Example:
            >>> v = ix.view("dog") - ix.view("beach")
            >>> len(v) == len(ix.view("dog NOT beach>=0.25"))
            True
        """
        from splicedex.api.python.images.view import view_of

        return view_of(self, query)

    def close(self) -> None:
        """Close it, when all running calls have ended. Closing it again does nothing."""
        self._session.close()

    def __len__(self) -> int:
        with self._session.searcher() as searcher:
            return searcher.index.engine.count()

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Index:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[type[Index], tuple[Address]]:
        """Pickle the address alone; it is opened again where it is loaded."""
        return Index, (self._session.address,)

    def __repr__(self) -> str:
        if not self._session.is_open:
            return f"<Index {self.address}: closed>"
        with self._session.searcher() as searcher:
            made = searcher.index.manifest
            images = searcher.index.engine.count()
        columns = f", columns {', '.join(made.columns)}" if made.columns else ""
        return f"<Index {self.address}: {images:,} images, model {made.model}{columns}>"

    @contextmanager
    def sibling(self, to: str | PathLike[str]) -> Iterator[Index]:
        """Open another index, which may be on the same server.

        Args:
            to: Its address.

        Raises:
            UserError: It cannot be opened.
        """
        with Index(sibling(self._session.address, expanded(to)), self._progress) as other:
            yield other


def open(  # noqa: A001  (as in splicedex.open)
    path: str | PathLike[str],
    *,
    url: str | None = None,
    api_key: str | None = None,
    wait: float = 0.0,
    progress: bool | None = None,
) -> Index:
    """Open an index.

    Args:
        path: Index folder; with `url`, the name of a collection; or http://HOST:PORT/COLLECTION.
        url: URL of a Qdrant server, such as http://qdrant:6333.
        api_key: API key of the server.
        wait: Seconds to wait for another process that uses the folder.
        progress: Whether to show progress bars; None in notebooks and at terminals.

    Returns:
        The open index; use it in a `with` statement, or close it.

    Raises:
        UserError: There is no index, it is damaged, it was made by a newer version, another process
            holds it, or its server does not answer or refuses the request.
    """
    return Index(address_of(path, url=url, api_key=api_key, wait=wait), Bars(progress))


def address_of(
    path: str | PathLike[str], *, url: str | None, api_key: str | None, wait: float = 0.0
) -> Address:
    """The address that users name.

    Raises:
        UserError: It is not valid.
    """
    found = parse_address(expanded(path), url, api_key)
    return replace(found, wait=wait) if isinstance(found, Folder) else found
