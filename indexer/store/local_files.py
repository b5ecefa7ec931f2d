"""The files of an index folder."""

from __future__ import annotations

from pathlib import Path

from splicedex.indexer.payload import concept_counts as counts
from splicedex.indexer.store.base import Files, Write

NOT_FILES = frozenset({"points", "lock", counts.FILE})
"""Other entries of the folder: the engine's, the lock, and what can be computed from the points."""


class LocalFiles(Files):
    """The files of an index folder, which has one writer at a time.

    Args:
        folder: The index folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, str(folder))

    def names(self) -> list[str]:
        """List the files, as paths relative to the folder."""
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file())
        return sorted(path.as_posix() for path in found if path.parts[0] not in NOT_FILES)

    def save(self, name: str, write: Write) -> bool:
        """Replace a file. Returns True, because there is no other writer."""
        write(self.folder / name)
        return True

    def refresh(self) -> bool:
        """Return False: no other process changes the files."""
        return False
