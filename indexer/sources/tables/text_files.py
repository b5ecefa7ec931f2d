"""Text of tables, in the encodings that spreadsheets write."""

from __future__ import annotations

from pathlib import Path

from splicedex.splice.errors import UserError

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
"""Byte order marks, with the encoding that each tells."""
_OTHER_FILES = (
    (b"PK\x03\x04", "a spreadsheet or archive, not a table", "export it as CSV"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook, not a table", "export it as CSV"),
    (b"\x1f\x8b", "compressed", "unpack it with gunzip"),
    (b"\x93NUMPY", "an array, not a table", "give it to --embeddings"),
)
"""What other files start with, what they are, and what to do about it."""


def read_text(path: Path) -> str:
    """Read a text in UTF-8, or in UTF-16 as Excel writes it. Its line ends stay as they are.

    Args:
        path: The file.

    Raises:
        UserError: It is missing, unreadable, something else, or has another encoding.
    """
    content = read_bytes(path)
    for start, what, hint in _OTHER_FILES:
        if content.startswith(start):
            raise UserError(f"{path} is {what}", hint)
    try:
        return content.decode(_encoding(content))
    except UnicodeDecodeError as error:
        line = 1 + content.count(b"\n", 0, error.start)
        where = f"line {line} has the byte 0x{content[error.start]:02x}"
        raise UserError(f"{path} is not UTF-8: {where}", "save it as CSV UTF-8") from error


def read_bytes(path: Path, most: int = -1) -> bytes:
    """Read a file.

    Args:
        path: The file.
        most: Number of bytes to read; by default all.

    Raises:
        UserError: It is missing or unreadable.
    """
    try:
        with path.open("rb") as file:
            return file.read(most)
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist", "check the path") from error
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error})", "give a file you may read") from error


def _encoding(content: bytes) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    if content[:2].isascii() and len(content) > 1 and 0 in content[:2]:
        return "utf-16-le" if content[1] == 0 else "utf-16-be"
    return "utf-8"
