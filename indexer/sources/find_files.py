"""Finds photos under folders, globs and files, in an order that is the same in every run."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from splicedex.splice.errors import UserError

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp"}
    | {".heic", ".heif", ".avif"}
)
"""Suffixes of photos in a folder. A file that the user names may have any suffix."""


def find_photos(paths: Sequence[str | Path]) -> Iterator[Path]:
    """Find photos, each once. Folders are walked depth first, in the order of names.

    Symbolic links are followed, but no folder is entered twice. Hidden files and folders are left
    out. A folder that cannot be listed is itself yielded, so that the reader reports it.

    Args:
        paths: Files, folders, or patterns of `glob` (`**` for any depth).

    Yields:
        Paths of photos, as the user would write them.

    Raises:
        UserError: A path does not exist, or a pattern matches nothing.
    """
    seen: set[str] = set()
    entered: set[tuple[int, int]] = set()
    for path in paths:
        for start in _expand(path):
            for photo in _walk(start, entered):
                name = os.path.normpath(photo.absolute())
                if name not in seen:
                    seen.add(name)
                    yield photo


def is_photo(path: Path) -> bool:
    """Whether a file has the suffix of a photo."""
    return path.suffix.lower() in SUFFIXES


def _expand(path: str | Path) -> list[Path]:
    path = Path(path).expanduser()
    if os.path.lexists(path):
        return [path]
    if not glob.has_magic(str(path)):
        raise UserError(f"{path} does not exist", "check the path")
    matches = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207 (absolute too)
    found = [match for match in matches if match.is_dir() or is_photo(match)]
    if not found:
        raise UserError(f"{path} matches no photo", "check the pattern")
    return found


def _walk(start: Path, entered: set[tuple[int, int]]) -> Iterator[Path]:
    stack = [(start, _is_folder(start))]
    while stack:
        path, is_folder = stack.pop()
        if not is_folder:
            yield path
            continue
        try:
            status = path.stat()
            entries = sorted(os.scandir(path), key=lambda entry: entry.name, reverse=True)
        except OSError:
            yield path
            continue
        if (status.st_dev, status.st_ino) in entered:
            continue
        entered.add((status.st_dev, status.st_ino))
        shown = (entry for entry in entries if entry.name[0] != ".")
        children = ((Path(entry.path), _is_folder(entry)) for entry in shown)
        stack.extend(child for child in children if child[1] or is_photo(child[0]))


def _is_folder(path: Path | os.DirEntry[str]) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a loop of links, or a failed disk: the reader reports which
        return False
