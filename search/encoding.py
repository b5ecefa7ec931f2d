"""Embeds what a query is made of: one text or one image at a time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from splicedex.indexer.pipeline.lazy_encoder import lazy_encoder
from splicedex.indexer.store.index import Index
from splicedex.splice.align import Matrix
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.indexer.sources.decoding.decode import Preprocess
    from splicedex.splice.encoders.preprocess import Pixels


class QueryEncoder:
    """Embeds single texts and images with the encoder of an index. Several threads may use it.

    The encoder is loaded on first use; most queries do not need it.

    Args:
        index: Open index that was made with an encoder.

    Raises:
        UserError: The index was made from embeddings, without an encoder.
    """

    def __init__(self, index: Index) -> None:
        self._encoder = lazy_encoder(index.manifest, str(index.folder))

    def preprocess(self) -> Preprocess:
        """The function that turns an image into the input of `pixels`. It is picklable.

        Raises:
            UserError: The model cannot be loaded, or its weights have changed.
        """
        return self._encoder.preprocess()

    def text(self, text: str) -> Matrix:
        """Embed a text.

        Args:
            text: The text.

        Returns:
            The embedding (d,), unit length.

        Raises:
            UserError: The model cannot be loaded, or its weights have changed.
        """
        embedding: Matrix = self._encoder.encode_texts([text])[0]
        return embedding

    def pixels(self, pixels: Pixels) -> Matrix:
        """Embed an image.

        Args:
            pixels: Pixels (3, h, w), as `preprocess` makes them.

        Returns:
            The embedding (d,), unit length.

        Raises:
            UserError: The model cannot be loaded, or its weights have changed.
        """
        embedding: Matrix = self._encoder.encode_images(pixels[None])[0]
        return embedding

    def file(self, path: Path) -> Matrix:
        """Embed an image file.

        Args:
            path: The file.

        Returns:
            The embedding (d,), unit length.

        Raises:
            UserError: The file cannot be read, the model cannot be loaded, or its weights have
                changed.
        """
        from splicedex.indexer.sources.decoding.decode import Skipped, decode

        photo = decode(path, self.preprocess())
        if isinstance(photo, Skipped):
            raise UserError(f"{path} cannot be read ({photo.reason})", "give another image")
        return self.pixels(photo.pixels)
