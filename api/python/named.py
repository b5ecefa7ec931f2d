"""Names of files and indexes, as users give them."""

from __future__ import annotations

from os import PathLike, fspath
from pathlib import Path


def expanded(path: str | PathLike[str]) -> str:
    """A path with the home folder for `~`; a URL as it is."""
    text = fspath(path)
    return str(Path(text).expanduser()) if text.startswith("~") else text
