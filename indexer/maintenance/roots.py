"""A change of root: where the photos of a folder are after the folder has moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from splicedex.indexer.sources.location import file_of, printable, to_path, to_text


@dataclass(frozen=True, slots=True)
class Place:
    """The name of an image, and where its file is.

    Args:
        name: Name of the image in the index.
        location: The payload field `location`; None if the name says where the file is, or if there
            is no file.
        file: The file; None if there is none.
    """

    name: str
    location: str | None
    file: Path | None


@dataclass(frozen=True, slots=True)
class Root:
    """A folder that is called otherwise now; bytes of names that are not UTF-8 are escaped.

    Args:
        old: Its name so far: absolute, or the first parts of names that a table gave.
        new: Its new name.
    """

    old: str
    new: str

    def place_of(self, payload: Mapping[str, Any]) -> Place | None:
        """The new place of an image; None if nothing of it lies under the root.

        Args:
            payload: Payload of the image, with `path` and, if it has one, `location`.
        """
        file = to_path(payload)
        name = self._renamed(payload["path"])
        if not file.is_absolute():
            return None if name is None else Place(name, payload.get("location"), None)
        moved = self._moved(file, payload["path"])
        if name is None and moved is None:
            return None
        name, file = name or payload["path"], moved or file
        located = to_text(file)
        return Place(name, None if located == name else located, file)

    def _renamed(self, name: str) -> str | None:
        rest = _rest(name, self.old)
        return None if rest is None else str(PurePosixPath(self.new, *rest))

    def _moved(self, file: Path, name: str) -> Path | None:
        """The new path of a file; None if it does not lie under the root."""
        old = PurePosixPath(self.old)
        if old.is_absolute():
            rest = _rest(printable(str(file)), self.old)
            return None if rest is None else _under(Path(), self.new, file, len(rest))
        below, under = _rest(name, self.old), PurePosixPath(name).parts
        texts = PurePosixPath(printable(str(file))).parts
        if below is None or texts[-len(under) :] != under:
            return None
        return _under(Path(*file.parts[: -len(under)]), self.new, file, len(below))


def _rest(name: str, root: str) -> tuple[str, ...] | None:
    """The parts of a name below a root; None if the name does not lie under it."""
    parts, top = PurePosixPath(name).parts, PurePosixPath(root).parts
    return parts[len(top) :] if parts[: len(top)] == top else None


def _under(folder: Path, root: str, file: Path, parts: int) -> Path:
    """The last parts of a file under a root, which may be relative to a folder."""
    return Path(folder, file_of(root, folder), *file.parts[len(file.parts) - parts :])
