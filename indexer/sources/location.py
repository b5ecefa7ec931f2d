"""Converts the location of a photo to text that any engine can store, and back to the same file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

_URI = "file://"


def to_text(photo: Path) -> str:
    """Write a path as text: absolute, and as a `file:` URI if it is not valid UTF-8.

    Args:
        photo: Path of the photo.
    """
    whole = photo.absolute()
    try:
        str(whole).encode()
    except UnicodeEncodeError:
        return whole.as_uri()
    return str(whole)


def to_path(payload: Mapping[str, Any]) -> Path:
    """Find the file of an image.

    Args:
        payload: Payload of the image, with `path` and, if the image has one, `location`.
    """
    location: str | None = payload.get("location")
    if location and location.startswith(_URI):
        return Path(os.fsdecode(unquote_to_bytes(location.removeprefix(_URI))))
    return Path(location or payload["path"])
