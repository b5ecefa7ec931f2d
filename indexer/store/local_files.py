"""The files of an index, all but its points: one folder, wherever the points are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from splicedex.indexer.store import concept_counts as counts

NOT_FILES = frozenset({"points", "lock", counts.FILE})
"""What a folder holds besides: the engine's, who has it open, and what its owner keeps of them."""

Write: TypeAlias = Callable[[Path], None]
"""Writes a file to a path, at once or not at all."""


class Files:
    """The files of an index that lives in a folder.

    Args:
        folder: Where they are read.
        origin: What the index is called in messages.
    """

    def __init__(self, folder: Path, origin: str | None = None) -> None:
        self.folder = folder
        self.origin = origin or str(folder)

    def names(self) -> list[str]:
        """Its files, as paths relative to the folder."""
        found = (path.relative_to(self.folder) for path in self.folder.rglob("*") if path.is_file())
        return sorted(path.as_posix() for path in found if path.parts[0] not in NOT_FILES)

    def save(self, name: str, write: Write) -> bool:
        """Replace a file for everybody.

        Returns:
            False if somebody else did so since it was last read here: now theirs is in the folder.
        """
        write(self.folder / name)
        return True

    def refresh(self) -> bool:
        """Fetch what others changed; says whether anything was."""
        return False
