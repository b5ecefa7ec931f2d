"""Where a photo's file is, as text that any engine can keep and that opens the very same file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

_URI = "file://"


def to_text(photo: Path) -> str:
    """A file's absolute path, as a `file:` URI if it holds bytes that are not UTF-8."""
    whole = photo.absolute()
    try:
        str(whole).encode()
    except UnicodeEncodeError:
        return whole.as_uri()
    return str(whole)


def to_path(payload: Mapping[str, Any]) -> Path:
    """The file of an image with this payload, which needs `path` and, if it has one, `location`."""
    location: str | None = payload.get("location")
    if location and location.startswith(_URI):
        return Path(os.fsdecode(unquote_to_bytes(location.removeprefix(_URI))))
    return Path(location or payload["path"])
