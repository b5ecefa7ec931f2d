"""From an image of the index to its file: the only way by which a file is ever served."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from splicedex.indexer.sources.location import to_path

SHOWN = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "AVIF": "image/avif",
}
"""Formats, by Pillow's names, that browsers show and that hold nothing but pixels."""


def photo_of(payload: Mapping[str, Any]) -> Path | None:
    """The file of an image, by what the index says of it; None if it is away."""
    file = to_path(payload)
    try:
        return file if file.is_absolute() and file.is_file() else None
    except (OSError, ValueError):
        return None


def media_type(photo: Path) -> str | None:
    """What a photo is by its content, whatever its name; None unless browsers may show it."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(photo, formats=[*SHOWN]) as image:
            return SHOWN.get(image.format or "")
    except Exception:  # decoders raise whatever a broken file makes them raise
        return None
