"""The integrity manifest of an engine's folder, which detects damaged files before it is opened.

The engine trusts its files, and some kinds of damage end the process. So closing it records the
sizes of all files and the checksums of the small ones, which hold its structure. The manifest is
removed while the engine is open. So there is none after a process was killed: the engine's own
write-ahead log restores what was written then.
"""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from pathlib import Path

from splicedex.splice.errors import UserError

FILE = "seal.json"
SMALL = 64 * 1024
"""Up to this number of bytes a file is compared by content, else by size."""


def write(folder: Path) -> None:
    """Record the files of a closed folder. Does nothing where the disk cannot be written to."""
    partial = folder / f"{FILE}.partial"
    with suppress(OSError):
        partial.write_text(json.dumps(_marks(folder)), "utf-8")
        partial.replace(folder / FILE)


def check(folder: Path) -> None:
    """Compare a folder with its integrity manifest, if it has one.

    Raises:
        UserError: A file differs from what was recorded.
    """
    try:
        recorded = json.loads((folder / FILE).read_text("utf-8"))
    except FileNotFoundError:
        return
    except (OSError, ValueError):
        recorded = None
    marks = _marks(folder)
    if recorded == marks:
        return
    names = {*recorded, *marks} if isinstance(recorded, dict) else {FILE}
    changed = sorted(
        name for name in names if name == FILE or recorded.get(name) != marks.get(name)
    )
    more = f" and {len(changed) - 1} more are" if len(changed) > 1 else " is"
    raise UserError(
        f"{folder} is damaged: {changed[0]}{more} not as it was when closed",
        "run splicedex repair on the index",
    )


def remove(folder: Path) -> None:
    """Remove the manifest, before the folder is written to."""
    (folder / FILE).unlink(missing_ok=True)


def _marks(folder: Path) -> dict[str, list[int]]:
    """Size of each file, and checksum of each small file, by name."""
    marks = {}
    for path in folder.rglob("*"):
        if path.name.startswith(FILE) or not path.is_file():
            continue
        size = path.stat().st_size
        mark = [size, zlib.crc32(path.read_bytes())] if size <= SMALL else [size]
        marks[path.relative_to(folder).as_posix()] = mark
    return marks
