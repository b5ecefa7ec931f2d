"""The encoder interface: embeds texts and images into one space, as unit vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from splicedex.splice.encoders.preprocess import Pixels
from splicedex.splice.errors import UserError


class Encoder(Protocol):
    """A text tower and an image tower that share a space of `dim` dimensions."""

    name: str
    """As the user wrote it, with a relative path made absolute."""
    dim: int
    vocabulary: str | None
    """Path of the word list in the model's folder, or None."""
    precision: str
    """Number format that images are embedded in: "fp32", "fp16" or "bf16"."""

    def fingerprint(self) -> str:
        """A hash of architecture, weights and preprocessing, but not of device and precision."""

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit embeddings (n, dim) of n texts, computed in batches."""

    def preprocess(self) -> Callable[[Image.Image], Pixels]:
        """A picklable function, without torch, from an image to pixels (3, h, w), uint8."""

    def encode_images(self, pixels: Pixels) -> NDArray[np.float32]:
        """Unit embeddings (n, dim) of pixels (n, 3, h, w), computed in batches."""

    def encode_places(self, pixels: Pixels) -> NDArray[np.float32]:
        """Embed the places of pixels (n, 3, height, width); the sides may differ from the input's.

        Returns:
            Vectors (n, h, w, dim), of which the mean over h and w has the direction of the image's
            embedding.

        Raises:
            UserError: The image tower is none whose embedding is a mean over places.
        """


class Load(Protocol):
    """Loads an encoder by name; device and batch size are already chosen."""

    def __call__(self, name: str, /, *, precision: str | None = None) -> Encoder:
        """Load an encoder.

        Args:
            name: Name of the model.
            precision: Number format for images; None chooses by model and device.
        """


def no_places(name: str) -> UserError:
    """The error that a model cannot say where things are.

    Args:
        name: Name of the model.
    """
    return UserError(
        f"{name} does not tell where in a photo things are",
        "use a model of convolutions that ends in a mean and a linear map, as nano",
    )
