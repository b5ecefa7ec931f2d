"""The encoder of an index, loaded when a query first needs it: most do not."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from indexer.decode import Skipped, decode
from indexer.index import Index
from indexer.settings import same_encoder
from splice.align import Matrix
from splice.encoder import Encoder
from splice.errors import UserError


class LazyEncoder:
    """Embeds what queries are made of with the model an index was made with.

    Args:
        index: Open index, made with an encoder.
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    @cached_property
    def _encoder(self) -> Encoder:
        return same_encoder(self._index.manifest, self._index.folder)

    def text(self, text: str) -> Matrix:
        """The unit embedding (d,) of a text.

        Raises:
            UserError: The model cannot be had, or its weights have changed.
        """
        embedding: Matrix = self._encoder.encode_texts([text])[0]
        return embedding

    def file(self, path: Path) -> Matrix:
        """The unit embedding (d,) of an image file.

        Raises:
            UserError: Likewise, or the file cannot be read.
        """
        photo = decode(path, self._encoder.preprocess())
        if isinstance(photo, Skipped):
            raise UserError(f"{path} cannot be read ({photo.reason})", "give another image")
        embedding: Matrix = self._encoder.encode_images(photo.pixels[None])[0]
        return embedding
