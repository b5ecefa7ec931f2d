"""An index's encoder, loaded when it is first needed: a run that changes nothing needs none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from splicedex.indexer.store.manifest import Manifest
from splicedex.splice.align import Matrix

if TYPE_CHECKING:
    from splicedex.indexer.sources.decode import Preprocess
    from splicedex.splice.encoders.base import Encoder
    from splicedex.splice.encoders.preprocess import Pixels


class DeferredEncoder:
    """A `splice.encoders.load.Encoder` that an index was made with.

    Args:
        manifest: Of the index.
        load: Loads the encoder, having checked that its weights are the same.
    """

    vocabulary: str | None = None

    def __init__(self, manifest: Manifest, load: Callable[[], Encoder]) -> None:
        assert manifest.encoder is not None
        self.name = manifest.model
        self.dim = manifest.dim
        self._fingerprint = manifest.encoder
        self._load = load
        self._lock = threading.Lock()
        self._loaded: Encoder | None = None

    def fingerprint(self) -> str:
        """The hash of the weights that the index was made with."""
        return self._fingerprint

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        """Unit embeddings (n, dim) of n texts."""
        return self._encoder().encode_texts(texts)

    def preprocess(self) -> Preprocess:
        """What turns an image into pixels (3, h, w); picklable."""
        return self._encoder().preprocess()

    def encode_images(self, pixels: Pixels) -> Matrix:
        """Unit embeddings (n, dim) of pixels (n, 3, h, w)."""
        return self._encoder().encode_images(pixels)

    def _encoder(self) -> Encoder:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded
