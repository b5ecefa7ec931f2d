"""The scales of an index's embeddings (`splice.presence.activation`), kept in a file.

The activation of a concept in an image is a product of two vectors times the scale of the image.
The scale takes a product with a d × d matrix, hundreds of times as long, and depends on no concept.
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from pathlib import Path

import numpy as np

from splicedex.indexer.engines.mapped.snapshot import Rows, Snapshot
from splicedex.splice.align import Matrix
from splicedex.splice.npz import DAMAGE
from splicedex.splice.presence.activation import Activations

FILE = "scales.npz"
_ROWS = 4096


class Scales:
    """Scales of the images of an index. Safe to share among threads.

    Args:
        file: The file.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept: tuple[Snapshot, Activations, Matrix] | None = None

    def of(self, snapshot: Snapshot, activations: Activations, rows: Rows) -> Matrix:
        """The scales (m,) of images; those that the file lacks are computed.

        Args:
            snapshot: The mapped copy of the images.
            activations: What the scales belong to.
            rows: Rows (m,) of the images.
        """
        everything = self._all(snapshot, activations)
        scales = everything[rows]
        missing = np.isnan(scales)
        if missing.any():
            scales[missing] = activations.scales(snapshot.embeddings[rows[missing]])
            everything[rows] = scales
        return scales

    def complete(self, snapshot: Snapshot, activations: Activations) -> None:
        """Compute what is missing and write the file, unless the disk refuses."""
        everything = self._all(snapshot, activations)
        missing = np.flatnonzero(np.isnan(everything))
        for start in range(0, len(missing), _ROWS):
            self.of(snapshot, activations, missing[start : start + _ROWS])
        if len(missing):
            partial = self._file.with_name(f"partial-{self._file.name}")
            with suppress(OSError):
                np.savez(partial, stamp=_stamp(snapshot, activations), scales=everything)
                partial.replace(self._file)

    def _all(self, snapshot: Snapshot, activations: Activations) -> Matrix:
        """The scales of all rows (n,); NaN where they are not known."""
        kept = self._kept
        if kept is None or kept[0] is not snapshot or kept[1] is not activations:
            scales = np.full(len(snapshot.deleted), np.nan, np.float32)
            found = self._load(_stamp(snapshot, activations))[: len(scales)]
            scales[: len(found)] = found
            self._kept = kept = snapshot, activations, scales
        return kept[2]

    def _load(self, stamp: str) -> Matrix:
        with suppress(*DAMAGE), np.load(self._file, allow_pickle=False) as arrays:
            if str(arrays["stamp"]) == stamp:
                scales: Matrix = arrays["scales"].astype(np.float32, copy=False)
                return scales
        return np.zeros(0, np.float32)


def _stamp(snapshot: Snapshot, activations: Activations) -> str:
    """Identifies the rows and what their scales depend on."""
    mean = zlib.crc32(activations.image_mean.tobytes())
    return f"{snapshot.series} {zlib.crc32(activations.covariance.tobytes(), mean)}"
