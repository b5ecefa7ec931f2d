"""What an encoder is: texts and images in, unit embeddings of one space out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from splicedex.splice.encoders.preprocess import Pixels


class Encoder(Protocol):
    """Two towers that share a space of `dim` dimensions."""

    name: str
    """As the user wrote it, but that it means the same in any working directory."""
    dim: int
    vocabulary: str | None
    """Path of the word list that comes with the model, if one does."""

    def fingerprint(self) -> str:
        """A hash of architecture, weights and preprocessing; device and precision don't matter."""

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit embeddings (n, dim) of n texts, batched inside."""

    def preprocess(self) -> Callable[[Image.Image], Pixels]:
        """What turns an image into pixels (3, h, w) of bytes; picklable, free of torch."""

    def encode_images(self, pixels: Pixels) -> NDArray[np.float32]:
        """Unit embeddings (n, dim) of pixels (n, 3, h, w), batched inside."""


Load: TypeAlias = Callable[[str], Encoder]
"""Loads an encoder by name, with device, precision and batch size settled."""
