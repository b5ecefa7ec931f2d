"""A seal on an engine's folder, which tells of damaged files before the engine reads them.

The engine trusts its files: some kinds of damage end the process. So when it closes we note the
sizes of all files and the checksums of the small ones, which hold what it builds upon. While it is
open there is no seal, and none after a process was killed: then the engine's own log has to do.
"""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from pathlib import Path

from splicedex.splice.errors import UserError

FILE = "seal.json"
SMALL = 64 * 1024
"""Bytes up to which a file's content counts; of larger ones the size does."""


def seal(folder: Path) -> None:
    """Seal a folder that nobody writes to; a disk that is full or gone takes no seal."""
    partial = folder / f"{FILE}.partial"
    with suppress(OSError):
        partial.write_text(json.dumps(_marks(folder)), "utf-8")
        partial.replace(folder / FILE)


def check(folder: Path) -> None:
    """Look at the seal of a folder, if it has one.

    Raises:
        UserError: A file is not as it was.
    """
    try:
        sealed = json.loads((folder / FILE).read_text("utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        sealed = None
    marks = _marks(folder)
    if sealed == marks:
        return
    names = {*sealed, *marks} if isinstance(sealed, dict) else {FILE}
    changed = sorted(name for name in names if name == FILE or sealed.get(name) != marks.get(name))
    more = f" and {len(changed) - 1} more are" if len(changed) > 1 else " is"
    raise UserError(
        f"{folder} is damaged: {changed[0]}{more} not as it was closed",
        "run splicedex repair on the index",
    )


def remove(folder: Path) -> None:
    """Break the seal, as the folder will be written to."""
    (folder / FILE).unlink(missing_ok=True)


def _marks(folder: Path) -> dict[str, list[int]]:
    """Size of every file, and checksum of the small ones, by name."""
    marks = {}
    for path in folder.rglob("*"):
        if path.name.startswith(FILE) or not path.is_file():
            continue
        size = path.stat().st_size
        mark = [size, zlib.crc32(path.read_bytes())] if size <= SMALL else [size]
        marks[path.relative_to(folder).as_posix()] = mark
    return marks
