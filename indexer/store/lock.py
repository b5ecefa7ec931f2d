"""The lock of an index folder: one process holds it, and the others are told which."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from splicedex.splice.errors import UserError

FILE = "lock"
_PAUSE = 0.1
"""Seconds between two tries to take a lock."""


@contextmanager
def hold(folder: Path, *, wait: float = 0.0) -> Iterator[None]:
    """Lock an index folder.

    The kernel releases the lock when its holder dies, so it is never stale. The content of the file
    is only used in messages.

    Args:
        folder: An index folder.
        wait: Seconds to wait for another process to release the folder.

    Raises:
        UserError: Another process holds it.
        OSError: The folder cannot be written to.
    """
    until = time.monotonic() + wait
    descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while not _lock(descriptor):
            if time.monotonic() >= until:
                raise _held(folder, descriptor)
            time.sleep(_PAUSE)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(_ourselves()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    if sys.platform == "win32":  # there only the engine's own lock protects the folder
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _ourselves() -> dict[str, str | int]:
    # Only the command, not its options: they may contain keys.
    command = [Path(sys.argv[0]).name, *(word for word in sys.argv[1:2] if word[:1] != "-")]
    return {
        "pid": os.getpid(),
        "command": " ".join(command),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


def _held(folder: Path, descriptor: int) -> UserError:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        if holder["pid"] == os.getpid():
            return UserError(
                f"this process holds the index in {folder}", "use that one, or close it first"
            )
        told = f"{holder['command']} (process {holder['pid']}, since {holder['since']})"
    except (ValueError, KeyError, TypeError):  # the holder has not written it yet
        told = "another process"
    return UserError(
        f"{told} holds the index in {folder}",
        "wait until it is done or end it, or ask it instead if it is a server",
    )
