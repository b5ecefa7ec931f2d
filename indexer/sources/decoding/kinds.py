"""Which files are photos, by their names, and what reading each kind takes."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

READ = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".tif", ".tiff", ".bmp", ".avif"}
    | {".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"}
)
"""Suffixes of formats that every installation reads."""
HEIC = frozenset({".heic", ".heif", ".hif"})
JPEG_XL = frozenset({".jxl"})
RAW = frozenset(
    {".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dcr", ".dng", ".erf", ".fff", ".iiq", ".kdc"}
    | {".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf", ".raw", ".rw2", ".rwl"}
    | {".sr2", ".srf", ".srw", ".x3f"}
)
"""Suffixes of the raw files of cameras that LibRaw knows."""
NEVER_READ = {
    ".psd": "a Photoshop document",
    ".psb": "a Photoshop document",
    ".xcf": "a GIMP document",
    ".kra": "a Krita document",
    ".afphoto": "an Affinity document",
    ".svg": "a vector drawing",
    ".ai": "a vector drawing",
    ".eps": "a vector drawing",
    ".exr": "an OpenEXR image",
    ".hdr": "a Radiance image",
    ".jxr": "a JPEG XR image",
    ".wdp": "a JPEG XR image",
    ".ico": "an icon",
    ".tga": "a Targa image",
    ".ppm": "a Netpbm image",
    ".pgm": "a Netpbm image",
    ".pnm": "a Netpbm image",
}
"""Suffixes of images that are named but not read, with what they are."""
SUFFIXES = READ | HEIC | JPEG_XL | RAW | NEVER_READ.keys()
"""Suffixes of photos in a folder. A file that the user names may have any suffix."""

EXTRAS = {"heic": "pillow_heif", "jxl": "pylibjxl", "raw": "rawpy"}
"""The module that each extra installs."""
NEEDS = {
    "heic": "a HEIC photo needs pillow-heif: pip install 'splicedex[heic]'",
    "jxl": "a JPEG XL photo needs pylibjxl: pip install 'splicedex[jxl]'",
    "raw": "a RAW photo needs rawpy: pip install 'splicedex[raw]'",
}
"""What a photo of a kind needs, where its extra is missing."""


@cache
def has(extra: str) -> bool:
    """Whether an extra is installed."""
    return importlib.util.find_spec(EXTRAS[extra]) is not None


def why_not_read(kind: str) -> str:
    """The reason for not reading an image of `NEVER_READ`, by its suffix."""
    return f"{NEVER_READ[kind]}, a kind that is not read"


def unread_kind(path: str, reason: str) -> str | None:
    """The suffix of a photo that was skipped because its whole kind is; None for other reasons.

    Args:
        path: The photo.
        reason: Why it was skipped.
    """
    suffix = Path(path).suffix.lower()
    whole = reason in NEEDS.values() or (suffix in NEVER_READ and reason == why_not_read(suffix))
    return suffix if whole else None
