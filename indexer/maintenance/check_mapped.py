"""Compares the mapped copy of an index with the points of its engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from splicedex.indexer.engines.mapped.snapshot import Snapshot
from splicedex.indexer.engines.query import Hit

OFF = 1e-6
"""Tolerance for the numbers of an embedding."""


class MappedCheck:
    """Compares a copy with points that are read block by block.

    Args:
        snapshot: The copy.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._points = 0
        self._wrong = 0
        self._counts: dict[str, Counter[int]] = {field: Counter() for field in snapshot.postings}
        """How many points list each value of each field."""

    def add(self, hits: Sequence[Hit]) -> None:
        """Compare points, fetched with their payloads and embeddings."""
        self._points += len(hits)
        copied = self._snapshot
        rows = {copied.id_of(row): row for row in copied.rows_of([hit.id for hit in hits]).tolist()}
        for hit in hits:
            row = rows.get(hit.id)
            assert hit.dense is not None
            if row is None or np.abs(copied.embeddings[row] - hit.dense).max() > OFF:
                self._wrong += 1
            for field, counts in self._counts.items():
                listed = hit.payload.get(field)
                counts.update(listed if isinstance(listed, list) else ())

    def disagreements(self) -> Iterator[str]:
        """What differs, a line each."""
        if self._wrong or self._points != self._snapshot.points:
            yield f"the mapped copy differs from {max(self._wrong, 1):,} images"
        for field, counts in self._counts.items():
            if self._listed(field) != counts:
                yield f"the mapped lists of {field!r} do not agree with the images"

    def _listed(self, field: str) -> Counter[int]:
        found: Counter[int] = Counter()
        for part in self._snapshot.postings[field]:
            kept = np.append(0, np.cumsum(~self._snapshot.deleted[part.rows]))
            sizes = np.diff(kept[part.starts])
            pairs = zip(part.values.tolist(), sizes.tolist(), strict=True)
            found.update({value: size for value, size in pairs if size})
        return found
