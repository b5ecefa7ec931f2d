"""A cache of standardised embeddings, from which activations are computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from splicedex.indexer.store.index import Index
from splicedex.splice.align import Matrix
from splicedex.splice.presence.activation import Activations

KEPT = 64 << 20
"""Maximum size in bytes: 32,768 images of 512 dimensions."""


class EmbeddingCache:
    """Standardised embeddings of an index's images.

    Every number passes through Python on its way from the engine, which takes longer than all later
    computations. So embeddings are kept, if it is known when a vector changes.

    Args:
        index: Open index.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._revision: int | None = None
        self._activations: Activations | None = None
        self._rows: dict[str, Matrix] = {}

    def of(self, ids: Sequence[str], activations: Activations) -> dict[str, Matrix]:
        """Standardised embeddings (d,) of images by id, in the order given, without unknown ids."""
        rows = self._current(activations)
        missing = [id_ for id_ in ids if id_ not in rows]
        if missing:
            if len(rows) + len(missing) > KEPT // (4 * self._index.space.dim):
                rows.clear()
                missing = list(ids)
            hits = self._index.engine.retrieve(missing, with_payload=False, with_dense=True)
            embeddings = np.array([hit.dense for hit in hits], np.float32)
            read = activations.standardised(embeddings.reshape(-1, self._index.space.dim))
            rows.update((hit.id, row) for hit, row in zip(hits, read, strict=True))
        return {id_: rows[id_] for id_ in ids if id_ in rows}

    def _current(self, activations: Activations) -> dict[str, Matrix]:
        """The cached rows of the current vectors."""
        engine = self._index.engine
        revision, same = engine.revision, activations is self._activations
        if not engine.exclusive or revision != self._revision or not same:
            # A new one: a query under way in another thread keeps to the old.
            self._rows, self._revision, self._activations = {}, revision, activations
        return self._rows
