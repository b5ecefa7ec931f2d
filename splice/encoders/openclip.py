"""CLIP models of open_clip: by pretrained tag, from the hub, a folder or a checkpoint file."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from numpy.typing import NDArray
from open_clip.transform import PreprocessCfg
from open_clip.transformer import VisionTransformer

from splicedex.splice.align import Matrix
from splicedex.splice.encoders.base import no_places
from splicedex.splice.encoders.class_token import skip_unread_tokens
from splicedex.splice.encoders.hub import load_from_hub, load_local
from splicedex.splice.encoders.known import LOCAL
from splicedex.splice.encoders.places import embed_places, is_mean_of_places
from splicedex.splice.encoders.preprocess import Pixels, Preprocess
from splicedex.splice.encoders.runtime import (
    PRECISIONS,
    Runtime,
    fingerprint,
    tell_emulation,
    unit_rows,
)
from splicedex.splice.encoders.streams import Streams
from splicedex.splice.errors import UserError

HUB = "hf-hub:"
VOCABULARY = "vocabulary.txt"
"""Optional file in a model folder: a vocabulary that suits its text tower."""


class OpenClipEncoder:
    """Both towers of an open_clip model.

    Args:
        name: Name of the model, as `encoders.base.Encoder.name`.
        source: `local-dir:FOLDER`, `hf-hub:ORG/REPO`, `MODEL/TAG` or `MODEL/CHECKPOINT_FILE`.
        runtime: Device, number format and batch size.

    Raises:
        UserError: The model does not exist, or its files cannot be downloaded or read.
    """

    def __init__(self, name: str, source: str, runtime: Runtime) -> None:
        architecture, weights = _resolve(source)
        tag: dict[str, Any] = open_clip.get_pretrained_cfg(architecture, weights or "") or {}

        def load() -> tuple[dict[str, Any], Any, Any]:
            config: dict[str, Any] = open_clip.get_model_config(architecture)
            if tag.get("quick_gelu"):
                # Without it, weights trained with QuickGELU load but give wrong embeddings.
                config["quick_gelu"] = True
            model = open_clip.create_model(
                architecture,
                weights,
                force_quick_gelu=bool(config.get("quick_gelu")),
                require_pretrained=True,
            )
            return config, model.eval(), open_clip.get_tokenizer(architecture)

        local = source.startswith(LOCAL) or (weights is not None and not tag)
        config, model, tokenizer = (load_local if local else load_from_hub)(name, load)
        settings = PreprocessCfg(**model.visual.preprocess_cfg)
        height, width = settings.input_size[1:]

        self.name = name
        self.dim = int(config["embed_dim"])
        words = Path(architecture.removeprefix(LOCAL)) / VOCABULARY
        self.vocabulary = str(words) if source.startswith(LOCAL) and words.is_file() else None
        self.batch_size = runtime.batch_size
        self._fingerprint = fingerprint(
            model.state_dict(), {"model": config, "preprocess": model.visual.preprocess_cfg}
        )
        self._preprocess = Preprocess(
            height,
            width,
            fit=settings.resize_mode,
            bicubic=settings.interpolation != "bilinear",
            fill=settings.fill_color,
        )
        self._runtime = runtime
        self.precision = runtime.image_precision(
            transformer=isinstance(model.visual, VisionTransformer)
        )
        self._dtype = PRECISIONS[self.precision]
        skip_unread_tokens(model.visual)
        self._model = runtime.place(model)
        self._model.visual.to(self._dtype)
        self._streams = Streams(runtime.device, runtime.batch_size)
        self._tokenizer = tokenizer
        mean, std = (torch.tensor(values).view(3, 1, 1) for values in (settings.mean, settings.std))
        self._scale = (1 / (255 * std)).to(runtime.device)
        self._shift = (-mean / std).to(runtime.device)

    def fingerprint(self) -> str:
        """SHA-256 of architecture, weights and preprocessing."""
        return self._fingerprint

    def preprocess(self) -> Preprocess:
        """A picklable function, without torch, from an image to pixels (3, h, w), uint8."""
        return self._preprocess

    @torch.inference_mode()
    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit embeddings (n, dim) of n texts."""
        rows = np.empty((len(texts), self.dim), np.float32)
        for start in range(0, len(texts), self.batch_size):
            part = slice(start, start + self.batch_size)
            tokens = self._tokenizer(list(texts[part])).to(self._runtime.device)
            rows[part] = unit_rows(self._model.encode_text(tokens)).numpy()
        return rows

    def encode_images(self, pixels: Pixels) -> NDArray[np.float32]:
        """Unit embeddings (n, dim) of pixels (n, 3, h, w) from `preprocess`."""
        if pixels.dtype != np.uint8:
            raise TypeError(f"pixels must be uint8, as preprocess returns them, not {pixels.dtype}")
        tell_emulation(self._runtime.device.type, self.precision)
        none = np.empty((0, self.dim), np.float32)
        return np.concatenate([none, *self._streams(self._embed, pixels)])

    def encode_places(self, pixels: Pixels) -> NDArray[np.float32]:
        """Vectors (n, h, w, dim) of the places of pixels (n, 3, height, width).

        Raises:
            UserError: The image tower is none whose embedding is a mean over places.
        """
        if not self._has_places:
            raise no_places(self.name)
        with torch.inference_mode():
            places = embed_places(self._model.visual, self._scaled(pixels))
        found: NDArray[np.float32] = places.float().cpu().numpy()
        return found

    @cached_property
    def _has_places(self) -> bool:
        with torch.inference_mode():
            return is_mean_of_places(self._model.visual, self._preprocess.size)

    def _scaled(self, pixels: Pixels) -> torch.Tensor:
        """The input (n, 3, h, w) of the image tower."""
        batch = torch.from_numpy(pixels).to(self._runtime.device)
        return torch.addcmul(self._shift, batch.float(), self._scale).to(self._dtype)

    @torch.inference_mode()
    def _embed(self, pixels: Pixels) -> Matrix:
        """Unit embeddings of one batch."""
        rows: Matrix = unit_rows(self._model.encode_image(self._scaled(pixels))).numpy()
        return rows


def _resolve(source: str) -> tuple[str, str | None]:
    """Split a source into open_clip's names of architecture and weights.

    The weights are None where the architecture's name includes them.
    """
    if source.startswith(HUB):
        return source, None
    if source.startswith(LOCAL):
        folder = Path(source.removeprefix(LOCAL)).expanduser()
        if not (folder / "open_clip_config.json").is_file():
            raise UserError(
                f"{folder} is not an open_clip model folder: no open_clip_config.json",
                "give a folder with open_clip_config.json and open_clip_model.safetensors",
            )
        return f"{LOCAL}{folder}", None
    architecture, _, weights = source.partition("/")
    if architecture not in open_clip.list_models():
        raise UserError(f"unknown model {source!r}", _suggest(source))
    if open_clip.get_pretrained_cfg(architecture, weights):
        return architecture, weights
    checkpoint = Path(weights).expanduser()
    if weights and checkpoint.is_file():
        return architecture, str(checkpoint)
    known = ", ".join(open_clip.list_pretrained_tags_by_model(architecture)[:8]) or "none published"
    raise UserError(
        f"{weights!r} is neither a tag nor a checkpoint file of {architecture}"
        if weights
        else f"{architecture} is an architecture without weights",
        f"write {architecture}/TAG (tags: {known}) or {architecture}/FILE",
    )


def _suggest(name: str) -> str:
    if Path(name).is_dir():
        return f"write {LOCAL}{name} for a folder"
    known = ["/".join(pair) for pair in open_clip.list_pretrained()]
    folded = {label.casefold(): label for label in ["nano", *open_clip.list_models(), *known]}
    near = get_close_matches(name.casefold(), folded, n=3, cutoff=0.6)
    return f"try {' or '.join(folded[label] for label in near) or 'nano'}"
