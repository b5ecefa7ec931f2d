"""Cursors: the offset of the next page, bound to a query and its options."""

from __future__ import annotations

import hashlib
import re

from splicedex.splice.errors import UserError


def make_cursor(offset: int, *question: object) -> str:
    """Return a cursor for the page at an offset.

    Args:
        offset: Number of hits before the page.
        *question: The query and its options, with a stable `repr`.
    """
    return f"{offset}.{_fingerprint(question)}"


def offset_of(cursor: str, *question: object) -> int:
    """Return the offset of a cursor.

    Args:
        cursor: Return value of `make_cursor`.
        *question: The query and its options.

    Raises:
        UserError: The cursor is malformed, or belongs to another query or other options.
    """
    match = re.fullmatch(r"([0-9]{1,12})\.([0-9a-f]+)", cursor)
    if match is None or match[2] != _fingerprint(question):
        raise UserError(
            f"cursor {cursor!r} belongs to another query", "search without a cursor first"
        )
    return int(match[1])


def _fingerprint(question: tuple[object, ...]) -> str:
    encoded = repr(question).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(encoded, digest_size=6).hexdigest()
