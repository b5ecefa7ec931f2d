"""Who holds an index folder: one process at a time, and the others are told which."""

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
"""Seconds between looks at a lock that is waited for."""


@contextmanager
def hold(folder: Path, *, wait: float = 0.0) -> Iterator[None]:
    """Hold an index folder alone.

    The kernel lets go of the lock when its holder dies, so that it is never stale; what the file
    says only serves messages.

    Args:
        folder: An index folder.
        wait: Seconds to wait for another holder to end.

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
    if sys.platform == "win32":  # there the engine's own lock has to do
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _ourselves() -> dict[str, str | int]:
    # No more of the command line than its command: options may hold keys.
    command = [Path(sys.argv[0]).name, *(word for word in sys.argv[1:2] if word[:1] != "-")]
    return {
        "pid": os.getpid(),
        "command": " ".join(command),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }


def _held(folder: Path, descriptor: int) -> UserError:
    try:
        holder = json.loads(os.pread(descriptor, 4096, 0))
        told = f"{holder['command']} (process {holder['pid']}, since {holder['since']})"
    except (ValueError, KeyError, TypeError):  # it is just about to say so
        told = "another process"
    return UserError(
        f"{told} holds the index in {folder}",
        "wait until it is done or end it, or ask it instead if it is a server",
    )
