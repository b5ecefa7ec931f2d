"""From an indexed image to its file: the only way in which a file is served."""

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
"""Media types of the formats, by Pillow's names, that browsers show and that hold only pixels."""


def photo_of(payload: Mapping[str, Any]) -> Path | None:
    """The file of an image by its payload; None if it does not exist."""
    file = to_path(payload)
    try:
        return file if file.is_absolute() and file.is_file() else None
    except (OSError, ValueError):
        return None


def media_type(photo: Path) -> str | None:
    """The media type of a photo by its content; None unless browsers may show it."""
    return next((media for name, media in SHOWN.items() if _has_format(photo, name)), None)


def _has_format(photo: Path, name: str) -> bool:
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(photo, formats=[name]):
            return True
    except Image.DecompressionBombError:  # it has the format: only its header was read
        return True
    except Exception:  # decoders raise anything on broken files
        return False
