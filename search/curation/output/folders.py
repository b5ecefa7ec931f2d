"""Folders of links or copies: planned first, so that what would be written can be shown."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from splicedex.search.curation.subsets.reading import Progress, silent
from splicedex.splice.errors import UserError

UNLABELLED = "unlabelled"
_UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|]')


@dataclass(frozen=True, slots=True)
class File:
    """A file to link or copy.

    Args:
        id: Point id of the image.
        source: Where it is.
        name: What it will be called, below the target folder.
        bytes: Its size.
    """

    id: str
    source: Path
    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Folder:
    """What a folder will hold.

    Args:
        files: Each by a name of its own.
        missing: Images, as the index names them, whose file is not there.
    """

    files: list[File] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def plan(images: Iterable[tuple[str, str, Path, str | None]]) -> Folder:
    """Name the files of a folder.

    An image keeps its file's name; of several of one name, compared without case, those after the
    first get the beginning of their id as well. Whatever the index calls an image, no name leads
    out of the folder.

    Args:
        images: Id, name in the index, file, and class if there are folders of classes.
    """
    made = Folder()
    taken: set[str] = set()
    for id_, path, source, label in images:
        try:
            status = source.stat()
        except OSError:
            made.missing.append(path)
            continue
        safe = _safe(source.name)
        folder = "" if label is None else f"{_safe(label or UNLABELLED)}/"
        name = f"{folder}{safe}"
        if name.casefold() in taken:
            name = f"{folder}{Path(safe).stem}-{id_}{Path(safe).suffix}"
        taken.add(name.casefold())
        made.files.append(File(id_, source, name, status.st_size))
    return made


def check(to: Path) -> None:
    """Refuse a target that holds something.

    Raises:
        UserError: It is a file, or a folder that is not empty.
    """
    if os.path.lexists(to) and (not to.is_dir() or any(to.iterdir())):
        raise UserError(f"{to} exists", "choose a folder that does not exist or is empty")


def write(to: Path, planned: Folder, *, copy: bool, on_progress: Progress = silent) -> None:
    """Link or copy files.

    Args:
        to: Made if missing.
        planned: What it will hold.
        copy: Copy instead of linking.
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
            f"{to} could not be filled ({error})", "mend that and start anew"
        ) from error


def _safe(name: str) -> str:
    """A name that is one folder or file, on any system."""
    plain = _UNSAFE.sub("_", name).strip(" .") or "_"
    return plain if not name.startswith(".") else f"_{plain}"
