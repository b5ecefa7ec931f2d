"""Small data files from the web: downloaded once, verified, and cached."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from splicedex.splice.errors import UserError

TIMEOUT = 30.0
"""Seconds to wait for a response from the server."""


@dataclass(frozen=True)
class PublishedFile:
    """A file that is published on the web.

    Args:
        name: Its path inside the cache folder.
        url: The URL to download it from.
        sha256: The SHA-256 of its content, as hexadecimal digits.
    """

    name: str
    url: str
    sha256: str


def cache_folder() -> Path:
    """The folder for cached files: `SPLICEDEX_CACHE` if set, else the user's cache folder."""
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
    """Download a file unless the cache already holds it.

    Args:
        file: The file to download.

    Returns:
        Its path in the cache.

    Raises:
        UserError: The file cannot be downloaded or written, or its SHA-256 is wrong.
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
            part.replace(target)  # atomic: no process ever reads a partial file
    except OSError as error:
        raise UserError(
            f"cannot save {file.name} in {target.parent} ({error.strerror})",
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
            f"{file.url} has changed (SHA-256 {found[:12]}, expected {file.sha256[:12]})",
            f"try again, or put the original file at {target}",
        )
    return content


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
