"""Cursors: the end of a page of hits, valid for one query with its options."""

from __future__ import annotations

import hashlib
import re

from splicedex.splice.errors import UserError


def make_cursor(offset: int, *question: object) -> str:
    """The cursor of the page that starts at an offset."""
    return f"{offset}.{_fingerprint(question)}"


def offset_of(cursor: str, *question: object) -> int:
    """The offset of a cursor.

    Raises:
        UserError: The cursor belongs to another query.
    """
    read = re.fullmatch(r"([0-9]{1,12})\.([0-9a-f]+)", cursor)
    if read is None or read[2] != _fingerprint(question):
        raise UserError(
            f"cursor {cursor!r} belongs to another query", "search without a cursor first"
        )
    return int(read[1])


def _fingerprint(question: tuple[object, ...]) -> str:
    told = repr(question).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(told, digest_size=6).hexdigest()
