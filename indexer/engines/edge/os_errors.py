"""Errors of the operating system as one line: full disk, no permission, lost mount, open files."""

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
"""Bytes that stay free on the disk. With less, a write to a mapped file may kill the process."""

_SPACE = "free some space there, then run the same command again"
_RIGHTS = "use a folder that you may write to, or change its rights"
_LOST = "check that its disk is there, then run the same command again"
_HINTS = {
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
    """Translate an error of the operating system; None for any other error.

    Args:
        error: An OSError, or an error or panic of the engine with an OS error in its message.
        where: The folder in use, if the error names no file.
    """
    if isinstance(error, OSError):
        number, where = error.errno, where or (Path(error.filename) if error.filename else None)
    else:
        found = _NUMBER.search(str(error))
        number = int(found[1]) if found else None
    if number not in _HINTS:
        return None
    told = os.strerror(number).lower() if number is not None else ""
    return UnavailableError(f"{where}: {told}" if where else told, _HINTS[number])


@contextmanager
def translate_errors(where: Path) -> Iterator[None]:
    """Turn errors and panics of the engine into a UserError, except the error of a locked folder.

    Args:
        where: Folder of the engine, for messages.

    Raises:
        UserError: The operating system refused something, or the engine failed. After a panic the
            engine cannot be used in this process any more.
    """
    try:
        yield
    except UserError:
        raise
    except BaseException as error:  # a panic is not an Exception
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
    """Check that a disk has room for a write, and `RESERVE` bytes more.

    The engine writes to mapped files. On a full disk such a write kills the process instead of
    raising an error.

    Args:
        folder: An existing folder on the disk.
        needed: Number of bytes to write.

    Raises:
        UserError: There is not enough room.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + RESERVE:
        raise UserError(
            f"only {free >> 20:,} MiB are free on the disk of {folder}, "
            f"{(needed + RESERVE) >> 20:,} are needed",
            _SPACE,
        )


def size(folder: Path) -> int:
    """Number of bytes that the files of a folder take on disk."""
    return sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))


def _is_the_engines(error: BaseException) -> bool:
    """Whether it is a panic or an exception of the engine, which raises only `Exception` itself."""
    panic = type(error).__name__ == "PanicException"
    return panic or (type(error) is Exception and "WouldBlock" not in str(error))


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0][:200]
