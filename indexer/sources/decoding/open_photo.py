"""Chooses the reader of a photo by its content."""

from __future__ import annotations

from pathlib import Path

from splicedex.indexer.sources.decoding.is_raw import is_raw, starts_raw
from splicedex.indexer.sources.decoding.kinds import NEEDS, NEVER_READ, READ, has, why_not_read
from splicedex.indexer.sources.decoding.opened import Opened, Reading
from splicedex.indexer.sources.decoding.pillow_photo import PillowPhoto

HEAD = 64
"""Bytes of a file that tell whether an extra is missing."""
_STARTS = (
    b"\xff\xd8",
    b"\x89PNG",
    b"RIFF",
    b"GIF8",
    b"II*\0",
    b"MM\0*",
    b"BM",
    b"\xff\x4f",
    b"\xff\x0a",
)
_BOXES = (b"ftyp", b"jP  ", b"JXL ")
"""First bytes of the formats that are read, whatever their name; bytes 4 to 7 of others."""
_JPEG_XL = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")


def refusal(file: Path) -> str | None:
    """Why a photo of a kind that is not read here cannot be read; None if it has to be tried.

    It takes next to no time, and no model.

    Args:
        file: The photo. It need not exist.
    """
    suffix = file.suffix.lower()
    if suffix in READ:
        return None
    try:
        if not file.is_file():
            return None
        with file.open("rb") as opened:
            head = opened.read(HEAD)
        refuse_missing(head, suffix)
    except OSError:  # the reader reports it
        return None
    except ValueError as error:
        return str(error)
    if suffix in NEVER_READ and head and not (head.startswith(_STARTS) or head[4:8] in _BOXES):
        return why_not_read(suffix)
    return None


def refuse_missing(head: bytes, suffix: str) -> None:
    """Refuse a photo that needs an extra, before all of it is read.

    Args:
        head: The first bytes of the file.
        suffix: Suffix of its name, in lower case.

    Raises:
        ValueError: The extra is not installed.
    """
    if starts_raw(head, suffix):
        _require("raw")
    elif head.startswith(_JPEG_XL):
        _require("jxl")


def _require(extra: str) -> None:
    if not has(extra):
        raise ValueError(NEEDS[extra])


def open_photo(content: bytes, suffix: str, reading: Reading) -> Opened:
    """Open a photo.

    Args:
        content: Bytes of the file.
        suffix: Suffix of its name, in lower case.
        reading: How to read it.

    Raises:
        ValueError: It is not a photo, of a format that is not read, or needs an extra. Decoders
            raise other errors, too.
    """
    if is_raw(content, suffix):
        _require("raw")
        from splicedex.indexer.sources.decoding.raw import RawPhoto

        return RawPhoto(content, reading)
    if content.startswith(_JPEG_XL):
        _require("jxl")
        from splicedex.indexer.sources.decoding.jpeg_xl import JpegXlPhoto

        return JpegXlPhoto(content)
    try:
        return PillowPhoto(content, reading)
    except ValueError as error:
        if suffix in NEVER_READ:
            raise ValueError(why_not_read(suffix)) from error
        raise
