"""What is on the disk: whether a file is gone, and the hash of its bytes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from splicedex.indexer.sources.decoding.decode import LARGEST

THREADS = min(8, os.cpu_count() or 1)
"""Files that are hashed at the same time."""


def is_gone(path: Path) -> bool:
    """Whether nothing is at a path. False where that cannot be known, as for want of rights.

    Args:
        path: Path of a file or folder.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except (OSError, ValueError):
        return False
    return False


def content_hashes(paths: Sequence[Path]) -> list[str | None]:
    """Hash files, several at a time.

    Args:
        paths: n files.

    Returns:
        The SHA-256 hash of each file (n) in hexadecimal digits; None for what is no photo: a file
        that cannot be read, is empty or too large, or is not a regular file.
    """
    with ThreadPoolExecutor(min(THREADS, max(1, len(paths)))) as pool:
        return list(pool.map(content_hash, paths))


def content_hash(path: Path) -> str | None:
    """Hash one file, as `content_hashes` does.

    Args:
        path: The file.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or not 0 < status.st_size <= LARGEST:
            return None
        with path.open("rb", buffering=0) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None
