"""Changes what columns of an index hold, where the user chose so.

The images that a run lists are written again with their new values anyway. Those of other images
are converted here: a value that is not of the new kind is removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from splicedex.indexer.payload.columns import (
    ColumnKind,
    fields_of,
    indexes,
    removed,
    stored,
    value_of,
)
from splicedex.indexer.sources.base import BLOCK, blocks
from splicedex.indexer.sources.tables.typed_column import as_kind
from splicedex.indexer.store.index import Index


def retype(index: Index, columns: Mapping[str, ColumnKind]) -> None:
    """Convert the stored values of the columns that hold something else so far.

    The new kinds have to be registered after this. A conversion that was killed is done again by
    the next run with the same choice.

    Args:
        index: Open index.
        columns: What each column is to hold.
    """
    changed = {
        name: kind for name, kind in columns.items() if index.columns.get(name, kind) != kind
    }
    if not changed:
        return
    for field, kind in indexes(changed).items():
        index.engine.create_index(field, kind)
    hits = index.engine.scroll(with_payload=fields_of(*changed), page=BLOCK)
    for block in blocks(hits, BLOCK):
        payloads = {hit.id: _converted(hit.payload, changed) for hit in block}
        index.engine.set_payloads({id_: fields for id_, fields in payloads.items() if fields})


def _converted(payload: Mapping[str, Any], changed: Mapping[str, ColumnKind]) -> dict[str, Any]:
    """The payload fields to set on a point."""
    fields: dict[str, Any] = {}
    for name, kind in changed.items():
        value = value_of(payload, name)
        if value is not None:
            fields |= removed(name)
            converted = as_kind(value, kind)
            fields |= {} if converted is None else stored(name, kind, converted)
    return fields
