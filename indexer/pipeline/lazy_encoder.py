"""The encoder that an index was made with, loaded when it is first needed.

Most searches, and index runs that find nothing new, need no encoder. Loading one takes seconds and
hundreds of megabytes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from splicedex.indexer.store.manifest import Manifest
from splicedex.splice.align import Matrix
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.indexer.sources.decoding.decode import Preprocess
    from splicedex.splice.encoders.base import Encoder, Load
    from splicedex.splice.encoders.preprocess import Pixels

UNRECORDED = "fp32"
"""Precision of an index whose manifest tells none: the choice of earlier versions on a CPU."""


class LazyEncoder:
    """An `Encoder` that loads the model on first use. Several threads may use it.

    Args:
        manifest: Manifest of an index that was made with an encoder.
        load: Loads the encoder and checks its weights. It is called at most once.
    """

    vocabulary: str | None = None

    def __init__(self, manifest: Manifest, load: Callable[[], Encoder]) -> None:
        assert manifest.encoder is not None
        self.name = manifest.model
        self.precision = manifest.precision or UNRECORDED
        self.dim = manifest.dim
        self._fingerprint = manifest.encoder
        self._load = load
        self._lock = threading.Lock()
        self._loaded: Encoder | None = None

    def fingerprint(self) -> str:
        """The hash of the weights that the index was made with."""
        return self._fingerprint

    def encode_texts(self, texts: Sequence[str]) -> Matrix:
        """Embed texts.

        Args:
            texts: n texts.

        Returns:
            Embeddings (n, dim), unit length.

        Raises:
            UserError: The model cannot be loaded, or its weights have changed.
        """
        return self._encoder().encode_texts(texts)

    def preprocess(self) -> Preprocess:
        """The function that turns an image into pixels (3, h, w). It is picklable.

        Raises:
            UserError: The model cannot be loaded, or its weights have changed.
        """
        return self._encoder().preprocess()

    def encode_images(self, pixels: Pixels) -> Matrix:
        """Embed images.

        Args:
            pixels: Pixels (n, 3, h, w), as `preprocess` makes them.

        Returns:
            Embeddings (n, dim), unit length.

        Raises:
            UserError: The model cannot be loaded, or its weights have changed.
        """
        return self._encoder().encode_images(pixels)

    def encode_places(self, pixels: Pixels) -> Matrix:
        """Embed places of images.

        Args:
            pixels: Pixels (n, 3, height, width) of any size.

        Returns:
            Vectors (n, h, w, dim).

        Raises:
            UserError: The model cannot be loaded, its weights have changed, or it cannot tell
                places apart.
        """
        return self._encoder().encode_places(pixels)

    def _encoder(self) -> Encoder:
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded


def lazy_encoder(manifest: Manifest, origin: str, load: Load | None = None) -> LazyEncoder:
    """The encoder of an index, loaded and checked on first use.

    Args:
        manifest: Manifest of the index.
        origin: Name of the index in messages.
        load: Loads an encoder by name; by default `splicedex.splice.encoders.load.load_encoder`.

    Raises:
        UserError: The index was made from embeddings, without an encoder.
    """
    if manifest.encoder is None:
        raise UserError(
            f"{origin} holds embeddings made elsewhere: it has no encoder for photos",
            "give --embeddings, or another --index",
        )
    return LazyEncoder(manifest, lambda: load_same_encoder(manifest, origin, load))


def load_same_encoder(manifest: Manifest, origin: str, load: Load | None = None) -> Encoder:
    """Load the encoder of an index now, in its precision, and check that its weights are the same.

    Args:
        manifest: Manifest of an index that was made with an encoder.
        origin: Name of the index in messages.
        load: Loads an encoder by name; by default `splicedex.splice.encoders.load.load_encoder`.

    Raises:
        UserError: The model cannot be loaded, or its weights have changed.
    """
    if load is None:
        from splicedex.splice.encoders.load import load_encoder

        load = load_encoder
    encoder = load(manifest.model, precision=manifest.precision or UNRECORDED)
    if encoder.fingerprint() != manifest.encoder:
        raise UserError(
            f"the weights of {manifest.model} are not those {origin} was made with",
            "restore them, or use another --index",
        )
    return encoder
