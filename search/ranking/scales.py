"""The scales of mapped embeddings, computed once for each image."""

from __future__ import annotations

import numpy as np

from splicedex.indexer.engines.mapped.snapshot import Rows, Snapshot
from splicedex.splice.align import Matrix
from splicedex.splice.presence.activation import Activations


class Scales:
    """Scales of the images of an index (`Activations.scales`).

    The scale of an image takes a product with a d × d matrix, which is far more than the product
    with the direction of a concept. So it is kept. Safe to share among threads.
    """

    def __init__(self) -> None:
        self._of: tuple[Snapshot, Activations, Matrix] | None = None

    def of(self, snapshot: Snapshot, activations: Activations, rows: Rows) -> Matrix:
        """The scales (m,) of the images in some rows (m,)."""
        kept = self._of
        if kept is None or kept[0] is not snapshot or kept[1] is not activations:
            unknown = np.full(len(snapshot.deleted), np.nan, np.float32)
            self._of = kept = snapshot, activations, unknown
        scales = kept[2][rows]
        missing = np.isnan(scales)
        if missing.any():
            scales[missing] = activations.scales(snapshot.embeddings[rows[missing]])
            kept[2][rows] = scales
        return scales
