"""Names for the user's columns that queries and both engines accept."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable

from splicedex.indexer.payload.presence import FIELDS
from splicedex.indexer.payload.shows import FIELDS as SHOWS_FIELDS
from splicedex.splice.errors import UserError

RESERVED = frozenset(
    {
        "path",
        "folders",
        "location",
        "content_hash",
        "signature",
        "bytes",
        "concepts",
        "cosine",
        *FIELDS,
        *SHOWS_FIELDS,
    }
)
"""Payload fields that splicedex uses itself."""
OPERATORS = frozenset({"and", "or", "not"})
"""Words that a query cannot read as names."""
_NAME = re.compile(r"[^\W\d][\w-]*")
_OTHER = re.compile(r"[^\w-]")


def is_name(name: str) -> bool:
    """Whether a name starts with a letter or `_`, followed by letters, digits, `_` and `-` only."""
    return bool(_NAME.fullmatch(name))


def named(columns: Iterable[str], source: str) -> dict[str, str]:
    """Choose valid names for the columns of a table: `Finding Labels` becomes `Finding_Labels`.

    Warns about every column that is renamed.

    Args:
        columns: Names of the columns in the table.
        source: Name of the table in messages.

    Returns:
        The valid name of each column.

    Raises:
        UserError: Two columns get the same name, or one gets a reserved name.
    """
    found: dict[str, str] = {}
    for number, column in enumerate(columns, start=1):
        name = _OTHER.sub("_", column.strip()) or f"column_{number}"
        name = name if is_name(name) else f"_{name}"
        name = f"{name}_" if name.casefold() in OPERATORS else name
        if name in RESERVED:
            raise UserError(f"{source}: column {name!r} is reserved by splicedex", "rename it")
        if name in found.values():
            raise UserError(f"{source}: two columns get the name {name!r}", "rename one")
        found[column] = name
    for column, name in found.items():
        if name != column:
            warnings.warn(f"{source}: column {column!r} is called {name} here", stacklevel=2)
    return found
