"""Folders of links or copies: planned first, so that the plan can be shown before it is done."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from splicedex.indexer.sources.location import printable
from splicedex.search.curation.subsets.reading import Progress, silent
from splicedex.splice.errors import UserError

UNLABELLED = "unlabelled"
_UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|]')


@dataclass(frozen=True, slots=True)
class File:
    """A file to link or copy.

    Args:
        id: Point id of the image.
        source: The existing file.
        name: Its new name, relative to the target folder.
        bytes: Its size in bytes.
    """

    id: str
    source: Path
    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Folder:
    """The planned contents of a folder.

    Args:
        files: The files, each with a unique name.
        missing: Paths, as in the index, of images whose file does not exist.
    """

    files: list[File] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def plan(images: Iterable[tuple[str, str, Path, str | None]]) -> Folder:
    """Choose the names of the files of a folder.

    An image keeps the name of its file. If several have the same name, ignoring case, all but the
    first get their id as well. No name points outside the folder, whatever the path in the index.

    Args:
        images: Id, path in the index, file, and the class if each class has a folder.
    """
    planned = Folder()
    taken: set[str] = set()
    for id_, path, source, label in images:
        try:
            status = source.stat()
        except OSError:
            planned.missing.append(path)
            continue
        safe = _safe(source.name)
        folder = "" if label is None else f"{_safe(label or UNLABELLED)}/"
        name = f"{folder}{safe}"
        if name.casefold() in taken:
            name = f"{folder}{Path(safe).stem}-{id_}{Path(safe).suffix}"
        taken.add(name.casefold())
        planned.files.append(File(id_, source, name, status.st_size))
    return planned


def check(to: Path) -> None:
    """Check that a folder can be filled.

    Raises:
        UserError: The target is a file, or a folder that is not empty.
    """
    if os.path.lexists(to) and (not to.is_dir() or any(to.iterdir())):
        raise UserError(f"{to} exists", "choose a folder that does not exist or is empty")


def write(to: Path, planned: Folder, *, copy: bool, on_progress: Progress = silent) -> None:
    """Link or copy files.

    Args:
        to: The folder; it is created if it does not exist.
        planned: Its contents.
        copy: Copy the files instead of linking them.
        on_progress: Called with files done and their total.

    Raises:
        UserError: The folder cannot be written, or a file cannot be read.
    """
    try:
        for done, file in enumerate(planned.files, 1):
            target = to / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if copy:
                shutil.copy2(file.source, target)
            else:
                target.symlink_to(file.source.absolute())
            on_progress(done, len(planned.files))
    except OSError as error:
        raise UserError(
            f"cannot fill {to} ({error})", "fix that, remove the folder and run the command again"
        ) from error


def _safe(name: str) -> str:
    """A name of one file or folder that is valid on every system."""
    plain = _UNSAFE.sub("_", printable(name)).strip(" .") or "_"
    return plain if not name.startswith(".") else f"_{plain}"
