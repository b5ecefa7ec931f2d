"""The encoder of an index, loaded when a query first needs it: most do not."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from splicedex.indexer.store.index import Index
from splicedex.splice.align import Matrix
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.indexer.sources.decode import Preprocess
    from splicedex.splice.encoders.base import Encoder
    from splicedex.splice.encoders.preprocess import Pixels


class LazyEncoder:
    """Embeds what queries are made of with the model an index was made with; safe among threads.

    Args:
        index: Open index, made with an encoder.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._loaded: Encoder | None = None

    def _encoder(self) -> Encoder:
        from splicedex.indexer.pipeline.settings import same_encoder

        with self._lock:  # loading takes seconds and hundreds of megabytes: once is enough
            if self._loaded is None:
                self._loaded = same_encoder(self._index.manifest, str(self._index.folder))
            return self._loaded

    def preprocess(self) -> Preprocess:
        """What turns an image into the pixels that `pixels` takes; picklable.

        Raises:
            UserError: The model cannot be had, or its weights have changed.
        """
        return self._encoder().preprocess()

    def text(self, text: str) -> Matrix:
        """The unit embedding (d,) of a text.

        Raises:
            UserError: The model cannot be had, or its weights have changed.
        """
        embedding: Matrix = self._encoder().encode_texts([text])[0]
        return embedding

    def pixels(self, pixels: Pixels) -> Matrix:
        """The unit embedding (d,) of an image's pixels (3, h, w).

        Raises:
            UserError: Likewise.
        """
        embedding: Matrix = self._encoder().encode_images(pixels[None])[0]
        return embedding

    def file(self, path: Path) -> Matrix:
        """The unit embedding (d,) of an image file.

        Raises:
            UserError: Likewise, or the file cannot be read.
        """
        from splicedex.indexer.sources.decode import Skipped, decode

        photo = decode(path, self.preprocess())
        if isinstance(photo, Skipped):
            raise UserError(f"{path} cannot be read ({photo.reason})", "give another image")
        return self.pixels(photo.pixels)
