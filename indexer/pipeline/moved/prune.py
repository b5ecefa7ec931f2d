"""Removes images from an index that are no longer there. What removes much has to be confirmed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import PurePosixPath
from typing import TypeAlias

from splicedex.indexer.pipeline.moved.absent import FIELDS, Absent
from splicedex.indexer.pipeline.report import Removal
from splicedex.indexer.sources.base import BLOCK
from splicedex.indexer.store.index import Index

UNASKED = 10
"""A run may remove one of so many images without asking. More may be on a drive that is missing."""


Confirm: TypeAlias = Callable[[Removal], bool]
"""Says whether a large removal is meant."""


def prune(
    index: Index, absent: Absent, before: int, confirm: Confirm
) -> tuple[int, Removal | None]:
    """Remove the images that a run covers but did not list.

    Args:
        index: Open index.
        absent: Knows which these are.
        before: Number of images that the index held before the run.
        confirm: Asked if this removes more than a tenth of them.

    Returns:
        The number of images removed, and the removal that was not confirmed, if it was not.
    """
    hits = [hit for hit in index.engine.scroll(with_payload=FIELDS) if absent.prunable(hit)]
    if len(hits) * UNASKED > before:
        names = [hit.payload["path"] for hit in hits]
        removal = Removal(len(hits), before, common_folder(names))
        if not confirm(removal):
            return 0, removal
    ids = [hit.id for hit in hits]
    for start in range(0, len(ids), BLOCK):
        index.engine.delete(ids[start : start + BLOCK])
    return len(ids), None


def common_folder(names: Sequence[str]) -> str:
    """The innermost folder that holds all images; empty if there is none.

    Args:
        names: Names of the images.
    """
    levels = zip(*(PurePosixPath(name).parent.parts for name in names), strict=False)
    shared = [level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels)]
    return str(PurePosixPath(*shared)) if shared else ""
