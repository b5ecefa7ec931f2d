"""What the system refuses, as one line: full disks, barred folders, lost mounts, open files."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from splicedex.splice.errors import UnavailableError, UserError

RESERVE = 32 << 20
"""Bytes left free on an index's disk: less, and the engine's mapped files may kill the process."""

_SPACE = "free some space there, then run the same command again"
_RIGHTS = "use a folder that you may write to, or change its rights"
_LOST = "check that its disk is there, then run the same command again"
_CURES = {
    errno.ENOSPC: _SPACE,
    errno.EDQUOT: _SPACE,
    errno.EROFS: "make it writable, or use another folder: searching writes too",
    errno.EACCES: _RIGHTS,
    errno.EPERM: _RIGHTS,
    errno.EMFILE: "allow more open files (ulimit -n), then run the same command again",
    errno.ENFILE: "end programs that hold many files open, then run the same command again",
    errno.ENOENT: _LOST,
    errno.EIO: _LOST,
    errno.ENODEV: _LOST,
    errno.ENXIO: _LOST,
    errno.ENOTCONN: _LOST,
    errno.ESTALE: _LOST,
}
_NUMBER = re.compile(r"os error (\d+)")


def refusal(error: BaseException, where: Path | None = None) -> UserError | None:
    """What to tell the user of an error that is the system's, None if it is not.

    Args:
        error: An OSError, or an engine's error or panic that names one in its message.
        where: What was being worked on, if the error does not say it better.
    """
    if isinstance(error, OSError):
        number, where = error.errno, where or (Path(error.filename) if error.filename else None)
    else:
        found = _NUMBER.search(str(error))
        number = int(found[1]) if found else None
    if number not in _CURES:
        return None
    told = os.strerror(number).lower() if number is not None else ""
    return UnavailableError(f"{where}: {told}" if where else told, _CURES[number])


@contextmanager
def translate_errors(where: Path) -> Iterator[None]:
    """Turn the engine's errors and panics into a UserError; but for one that a folder is held.

    Raises:
        UserError: The system refuses something, or the engine failed, which after a panic is the
            end of it for this process.
    """
    try:
        yield
    except UserError:
        raise
    except BaseException as error:  # a panic is no Exception
        told = refusal(error, where)
        if told is None and _is_the_engines(error):
            told = UnavailableError(
                f"the engine failed in {where} ({_first_line(error)})",
                "run splicedex verify on the index, and splicedex repair if it is damaged",
            )
        if told is None:
            raise
        raise told from error


def leave_room(folder: Path, needed: int) -> None:
    """Check that a disk has room for a write, and some to spare.

    The engine writes to mapped files, and where the disk is full such a write is not an error but
    the death of the process.

    Args:
        folder: An existing folder on that disk.
        needed: Bytes about to be written.

    Raises:
        UserError: It has not.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + RESERVE:
        raise UserError(
            f"only {free >> 20:,} MiB are free on the disk of {folder}, "
            f"{(needed + RESERVE) >> 20:,} are needed",
            _SPACE,
        )


def size(folder: Path) -> int:
    """Bytes that a folder's files take on their disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def _is_the_engines(error: BaseException) -> bool:
    """Whether it is a panic, or the only kind of exception that the engine raises."""
    panic = type(error).__name__ == "PanicException"
    return panic or (type(error) is Exception and "WouldBlock" not in str(error))


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200]
