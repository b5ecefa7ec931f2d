"""The methods of an index that check, copy and move it; and `repair`, of one that cannot open."""

from __future__ import annotations

import time
from collections.abc import Callable
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from splicedex.api.python.named import expanded
from splicedex.api.python.progress import Bars, Progress
from splicedex.api.python.searching import Searching
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.api.python.tables.answers import Info
    from splicedex.api.python.tables.kept import Copied, Moved, Repaired, Verified
    from splicedex.indexer.maintenance.move import Move
    from splicedex.indexer.store.address import Address


class Keeping(Searching):
    """The state of an index, and copies of it."""

    def info(self) -> Info:
        """The size and the settings of the index.

        Example:
            >>> ix.info().images
            240
        """
        from splicedex.api.python.tables.answers import Info

        with self._session.searcher() as searcher:
            return Info(searcher.index.engine.count(), searcher.index.manifest)

    def verify(self) -> Verified:
        """Check that the index is complete and consistent. Changes nothing.

        Example:
            >>> ix.verify().findings
            ()
        """
        from splicedex.api.python.tables.kept import Verified
        from splicedex.indexer.maintenance.verify import verify

        with self._session.searcher() as searcher, self._progress.counting("verifying") as show:
            found = verify(searcher.index, on_progress=show)
        return Verified(found.images, tuple(found))

    def copy(
        self,
        to: str | PathLike[str],
        *,
        api_key: str | None = None,
        shards: int | None = None,
        replicas: int | None = None,
    ) -> Copied:
        """Copy the index to a folder or a server, and verify the copy.

        A copy that was stopped continues when it is started again.

        Args:
            to: Folder, or http://HOST:PORT/COLLECTION.
            api_key: API key of that server; by default that of this index.
            shards: Number of shards of a new collection.
            replicas: Number of copies of each shard of a new collection.

        Raises:
            UserError: The destination holds something else, or the copy differs.

        Example:
            >>> ix.copy(folder / "copy.idx").written
            240
        """
        from splicedex.api.python.tables.kept import Copied
        from splicedex.indexer.maintenance.copy import copy_index
        from splicedex.indexer.store.address import parse_address, sharded, sibling

        here = self._session.address
        target = expanded(to)
        address = parse_address(target, api_key=api_key) if api_key else sibling(here, target)
        address = sharded(address, shards, replicas)
        start = time.perf_counter()
        with self._session.searcher() as searcher, self._progress.counting("copying") as show:
            copied = copy_index(searcher.index, address, on_progress=show)
        seconds = round(time.perf_counter() - start, 3)
        return Copied(copied.images, copied.written, copied.checksum, seconds)

    def move(
        self,
        old: str | PathLike[str],
        new: str | PathLike[str],
        *,
        dry_run: bool = False,
        force: bool = False,
        confirm: Callable[[Move], bool] = lambda move: True,
    ) -> Moved:
        """Change the folder of images whose photos were moved. No photo is read.

        Args:
            old: Folder where the photos were, or first parts of names of a table.
            new: Folder where they are now.
            dry_run: Only say what would change.
            force: Move even if the photos are not in `new`.
            confirm: Asked before anything is written, with what would change.

        Raises:
            UserError: No image is in `old`, two images would get one name, or none of the photos
                looked for is in `new`.
        """
        from splicedex.api.python.tables.kept import Moved
        from splicedex.indexer.maintenance.move import apply_move, plan_move
        from splicedex.indexer.pipeline.optimize import is_due, optimize

        with self._session.searcher() as searcher:
            index = searcher.index
            move = plan_move(index, fspath(old), fspath(new))
            if not dry_run and move.missing == move.sampled > 0 and not force:
                raise UserError(
                    f"none of {move.sampled:,} photos looked for is under {move.root.new}",
                    "check NEW, or add --force if they will be there later",
                )
            done = not dry_run and confirm(move)
            if done:
                with self._progress.counting("moving") as show:
                    apply_move(index, move, on_progress=show)
            due = done and is_due(index, None)
            folder, method = index.folder, index.manifest.ann
        if due:
            with self._session.apart(), self._progress.waiting("building the search index"):
                optimize(folder, method)
        root = move.root
        return Moved(root.old, root.new, len(move.changes), move.sampled, move.missing, done)


def repair(
    path: str | PathLike[str],
    *,
    url: str | None = None,
    api_key: str | None = None,
    wait: float = 0.0,
) -> Repaired:
    """Repair an index from its embeddings, without encoding any image again.

    Also brings an index of an earlier version up to date. Nobody may have it open.

    Args:
        path: Index folder; with `url`, the name of a collection; or http://HOST:PORT/COLLECTION.
        url: URL of a Qdrant server.
        api_key: API key of the server.
        wait: Seconds to wait for another process that uses the index.

    Raises:
        UserError: There is no index, or another process holds it.
    """
    from splicedex.api.python.index import address_of

    return repair_address(address_of(path, url=url, api_key=api_key, wait=wait), Bars())


def repair_address(address: Address, progress: Progress) -> Repaired:
    """Repair the index at an address; see `repair`."""
    from splicedex.api.python.tables.kept import Repaired
    from splicedex.indexer.maintenance.repair import repair as mend

    with progress.counting("repairing") as show:
        done = mend(address, on_progress=show)
    aside: Any = str(done.aside) if done.aside else None
    return Repaired(done.kept, done.mended, done.unprinted, tuple(done.lost), aside)
