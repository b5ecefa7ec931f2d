r"""Converts names of photos to text that any engine can store, and back to the same file.

Names of files are bytes. Those that are not UTF-8 are written with escapes, `latin\xe9.jpg`, in
output and in the index; every command takes a name in this form, and as the system has it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

_URI = "file://"
_ESCAPE = re.compile(rb"\\x([89a-f][0-9a-f])")


def printable(path: str) -> str:
    """Write a path as text that any engine can store. Bytes that are not UTF-8 become escapes.

    Args:
        path: The path.
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def file_of(name: str, folder: Path | None = None) -> Path:
    """The file that a name means, as it is or with its escapes turned back into bytes.

    Args:
        name: The name, as the system has it or as `printable` writes it.
        folder: The folder that it is relative to; by default the current one.
    """
    photo = (folder or Path()) / name
    if "\\x" not in name or os.path.lexists(photo):
        return photo
    raw = _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), os.fsencode(name))
    unescaped = (folder or Path()) / os.fsdecode(raw)
    return unescaped if os.path.lexists(unescaped) else photo


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
