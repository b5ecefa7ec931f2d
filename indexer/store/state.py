"""The saved state of an index besides its points: the manifest and the calibration.

DIR/manifest.json       how the index was made; written last, so a folder without it is no index
DIR/manifest.copy.json  a copy of the manifest, in case that one is damaged
DIR/space/              the concept space, so that a search needs no encoder
DIR/lexicon.npz         how often people say its words, and which are kinds of which
DIR/presence.npz        the calibration of presence probabilities
DIR/counts.npz          number of images that show each concept; a cache, computed from the points
DIR/points/             the engine
DIR/lock                which process holds the folder

On a server the points are in one collection and the files in another (see
`indexer.store.remote_files`).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from splicedex.indexer.engines.base import Ann
from splicedex.indexer.payload.columns import ColumnKind
from splicedex.indexer.store.base import Files
from splicedex.indexer.store.manifest import FILE, Manifest
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.presence.calibration import Calibration, calibrate

CALIBRATION = "presence.npz"
LEXICON = "lexicon.npz"
COPY = "manifest.copy.json"


class SavedState:
    """Manifest and calibration of an open index, changed in the files too.

    On a server other clients change them as well; `refresh` reads what they wrote. Safe to share
    among threads.

    Args:
        files: Files of the index.
        manifest: The manifest as last read or written here.
    """

    def __init__(self, files: Files, manifest: Manifest) -> None:
        self._files = files
        self.manifest = manifest
        self._calibration: Calibration | None = None
        # A refresh in the middle of a change would hide from it that another client was first.
        self._lock = threading.RLock()

    @property
    def calibration(self) -> Calibration:
        """The calibration as last read or written here."""
        if self._calibration is None:
            self._calibration = Calibration.load(self._files.folder / CALIBRATION)
        return self._calibration

    def save_calibration(self, calibration: Calibration) -> None:
        """Save the calibration, even if another client saved one since the last refresh."""
        with self._lock:
            while not self._files.save(CALIBRATION, calibration.save):
                pass  # another client was first: replace its calibration
            self._calibration = calibration

    def save_calibration_if_unchanged(self, calibration: Calibration) -> bool:
        """Use the calibration, and save it unless another client saved one first.

        Returns:
            Whether it was saved.
        """
        with self._lock:
            self._calibration = calibration
            return self._files.save(CALIBRATION, calibration.save)

    def add_columns(self, columns: Mapping[str, ColumnKind]) -> None:
        """Record that columns are indexed for filters.

        Args:
            columns: What each column holds, by name.
        """
        with self._lock:
            while (both := {**self.manifest.columns, **columns}) != self.manifest.columns:
                self._save(replace(self.manifest, columns=both))

    def set_ann(self, ann: Ann) -> None:
        """Record the nearest-neighbour method that was built."""
        with self._lock:
            while self.manifest.ann != ann:
                self._save(replace(self.manifest, ann=ann))

    def refresh(self) -> None:
        """Read what other clients changed."""
        with self._lock:
            if self._files.refresh():
                self.manifest = Manifest.load(self._files.folder, self._files.origin)
                self._calibration = None

    def _save(self, manifest: Manifest) -> None:
        """Save a manifest, or read the one that another client saved first."""
        self.manifest = manifest
        if not self._files.save(FILE, self.manifest.save):
            self.manifest = Manifest.load(self._files.folder)
        self._files.save(COPY, self.manifest.save)


def write_files(folder: Path, manifest: Manifest, space: ConceptSpace, lexicon: Lexicon) -> None:
    """Write the files of an index without images.

    Args:
        folder: An empty folder.
        manifest: How the index is made.
        space: The concepts.
        lexicon: What is known of their words.
    """
    space.save(folder / "space")
    lexicon.save(folder / LEXICON)
    nothing = np.zeros((0, space.dim), np.float32)
    calibrate(space, nothing).save(folder / CALIBRATION)
    manifest.save(folder / COPY)
    manifest.save(folder / FILE)
