"""CLIP models of sentence-transformers, which include text towers for other languages."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from splicedex.splice.encoders.base import no_places
from splicedex.splice.encoders.hub import load_from_hub, load_local
from splicedex.splice.encoders.preprocess import Pixels, Preprocess
from splicedex.splice.encoders.runtime import (
    PRECISIONS,
    Runtime,
    fingerprint,
    tell_emulation,
    unit_rows,
)
from splicedex.splice.errors import UserError


class SentenceTransformerEncoder:
    """A sentence-transformers model for texts, and the same or another one for images.

    Args:
        name: Name of the model, as `encoders.base.Encoder.name`.
        texts: The model that embeds texts: a hub name or a folder.
        images: The model that embeds images into the same space: a hub name or a folder.
        runtime: Device, number format and batch size.

    Raises:
        UserError: The package is not installed, a model cannot be loaded, or it embeds no images.
    """

    def __init__(self, name: str, texts: str, images: str, runtime: Runtime) -> None:
        library = _library()

        def load(source: str) -> Any:
            folder = Path(source).expanduser()
            if folder.is_dir():
                return load_local(
                    name, lambda: library.SentenceTransformer(str(folder), device="cpu")
                )
            return load_from_hub(name, lambda: library.SentenceTransformer(source, device="cpu"))

        image_model = load(images)
        text_model = image_model if texts == images else load(texts)
        settings = getattr(getattr(image_model[0], "processor", None), "image_processor", None)
        if settings is None:
            raise UserError(f"{images} does not embed images", "use a CLIP model")
        self._preprocess = Preprocess(*_input_size(settings))
        self.name = name
        self.vocabulary: str | None = None
        self.batch_size = runtime.batch_size
        self._device = runtime.device.type
        self._fingerprint = fingerprint(
            {
                f"{tower}.{key}": tensor
                for tower, model in (("texts", text_model), ("images", image_model))
                for key, tensor in model.state_dict().items()
            },
            {"preprocess": [settings.image_mean, settings.image_std, repr(self._preprocess)]},
        )
        self.precision = runtime.image_precision(transformer=False)  # others were not measured
        self._texts = runtime.place(text_model)
        self._images = runtime.place(image_model)
        if self.precision != "fp32":  # a model with both towers in one is needed twice
            self._images = copy.deepcopy(self._images).to(PRECISIONS[self.precision])
        self.dim = len(self._texts.encode("a", show_progress_bar=False))

    def fingerprint(self) -> str:
        """SHA-256 of weights and preprocessing."""
        return self._fingerprint

    def preprocess(self) -> Preprocess:
        """A picklable function, without torch, from an image to pixels (3, h, w), uint8."""
        return self._preprocess

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit embeddings (n, dim) of n texts."""
        return self._encode(self._texts, list(texts))

    def encode_images(self, pixels: Pixels) -> NDArray[np.float32]:
        """Unit embeddings (n, dim) of pixels (n, 3, h, w) from `preprocess`."""
        if pixels.dtype != np.uint8:
            raise TypeError(f"pixels must be uint8, as preprocess returns them, not {pixels.dtype}")
        tell_emulation(self._device, self.precision)
        # The library's processor normalises the pixels; it does not resize images of this size.
        return self._encode(self._images, [Image.fromarray(p.transpose(1, 2, 0)) for p in pixels])

    def encode_places(self, pixels: Pixels) -> NDArray[np.float32]:
        """Not supported.

        Raises:
            UserError: Always.
        """
        raise no_places(self.name)

    def _encode(self, model: Any, inputs: list[Any]) -> NDArray[np.float32]:
        if not inputs:
            return np.empty((0, self.dim), np.float32)
        rows = model.encode(
            inputs,
            batch_size=self.batch_size,
            convert_to_tensor=True,
            show_progress_bar=False,
        )
        embeddings: NDArray[np.float32] = unit_rows(rows).numpy()
        return embeddings


def _library() -> Any:
    try:
        return importlib.import_module("sentence_transformers")
    except ModuleNotFoundError as error:
        raise UserError(
            "this model needs sentence-transformers",
            "install it with pip install 'splicedex[sentence-transformers]'",
        ) from error


def _input_size(settings: Any) -> tuple[int, int]:
    """Height and width of the images that a Hugging Face image processor returns."""
    size = settings.crop_size if settings.do_center_crop else settings.size
    side = size.get("shortest_edge")
    return size.get("height", side), size.get("width", side)
