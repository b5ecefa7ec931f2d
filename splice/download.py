"""Small data files from the web: fetched once, checked, kept."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from splicedex.splice.errors import UserError

TIMEOUT = 30.0
"""Seconds a server may stay silent."""


@dataclass(frozen=True)
class PublishedFile:
    """A file somebody published.

    Args:
        name: What it is called in the cache.
        url: Where it lies.
        sha256: What its bytes must hash to, as hexadecimal digits.
    """

    name: str
    url: str
    sha256: str


def cache_folder() -> Path:
    """Where downloads are kept: `SPLICEDEX_CACHE`, else the user's cache folder."""
    if chosen := os.environ.get("SPLICEDEX_CACHE"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "splicedex"


def fetch(file: PublishedFile) -> Path:
    """The file's path in the cache, after downloading it if it is not there yet.

    Raises:
        UserError: It cannot be downloaded or written, or is not what was published.
    """
    target = cache_folder() / file.name
    if target.is_file() and _sha256(target.read_bytes()) == file.sha256:
        return target
    content = _download(file, target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            part = Path(folder) / target.name
            part.write_bytes(content)
            part.replace(target)  # so that nobody ever sees half a file
    except OSError as error:
        raise UserError(
            f"cannot keep {file.name} in {target.parent} ({error.strerror})",
            "set SPLICEDEX_CACHE to a folder you can write to",
        ) from error
    return target


def _download(file: PublishedFile, target: Path) -> bytes:
    import http.client
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(file.url, timeout=TIMEOUT) as response:
            content: bytes = response.read()
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise UserError(
            f"cannot download {file.name} from {file.url} ({reason})",
            f"connect to the network, or put the file at {target}",
        ) from error
    if (found := _sha256(content)) != file.sha256:
        raise UserError(
            f"{file.url} is not the file we know (SHA-256 {found[:12]}, not {file.sha256[:12]})",
            f"try again, or put the right file at {target}",
        )
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
