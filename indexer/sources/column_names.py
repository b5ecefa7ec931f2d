"""What a column of the user's may be called, so that queries and both engines can name it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable

from splicedex.indexer.store.presence_payload import FIELDS
from splicedex.splice.errors import UserError

RESERVED = frozenset(
    {"path", "folders", "location", "content_hash", "signature", "bytes", "concepts", "cosine"}
).union(FIELDS)
"""Payload fields that are ours."""
_NAME = re.compile(r"[^\W\d][\w-]*")
_OTHER = re.compile(r"[^\w-]")


def is_name(name: str) -> bool:
    """Whether it begins with a letter or `_`, and goes on with letters, digits, `_` and `-`."""
    return bool(_NAME.fullmatch(name))


def named(columns: Iterable[str], source: str) -> dict[str, str]:
    """What to call columns, by what a table calls them: `Finding Labels` is `Finding_Labels`.

    Warns of every column that is renamed.

    Raises:
        UserError: Two come to the same name, or one to a name of ours.
    """
    found: dict[str, str] = {}
    for number, column in enumerate(columns, start=1):
        name = _OTHER.sub("_", column) or f"column_{number}"
        name = name if is_name(name) else f"_{name}"
        if name in RESERVED:
            raise UserError(f"{source}: column {name!r} is splicedex's own", "rename it")
        if name in found.values():
            raise UserError(f"{source}: two columns come to the name {name!r}", "rename one")
        found[column] = name
    for column, name in found.items():
        if name != column:
            warnings.warn(f"{source}: column {column!r} is called {name} here", stacklevel=2)
    return found
