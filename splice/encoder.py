"""Encoders: texts and images in, unit embeddings of one space out; and choosing one by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from splice.encoders.preprocess import Pixels
from splice.errors import UserError

Library: TypeAlias = Literal["open_clip", "sentence-transformers"]

DEFAULT = "ViT-B-32/laion2b_s34b_b79k"
LOCAL = "local-dir:"
SENTENCE_TRANSFORMERS = "sentence-transformers:"
NANO = Path(__file__).parent / "models" / "nano"


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


@dataclass(frozen=True)
class Description:
    """A model we know by name.

    Args:
        name: What users write.
        library: Who loads it.
        source: What the library calls it.
        note: One line for people who choose.
        images: For a text tower alone, the model that embeds images into the same space.
    """

    name: str
    library: Library
    source: str
    note: str
    images: str | None = None


KNOWN = (
    Description(DEFAULT, "open_clip", DEFAULT, "for real work; a model of the SpLiCE paper"),
    Description("nano", "open_clip", f"{LOCAL}{NANO}", "bundled: demos, tests, offline use"),
    Description(
        "ViT-B-32/openai", "open_clip", "ViT-B-32/openai", "OpenAI's CLIP; in the SpLiCE paper"
    ),
    Description(
        "ViT-B-16/openai", "open_clip", "ViT-B-16/openai", "finer patches; in the SpLiCE paper"
    ),
    Description("RN50/openai", "open_clip", "RN50/openai", "a ResNet; in the SpLiCE paper"),
    Description(
        "clip-ViT-B-32", "sentence-transformers", "clip-ViT-B-32", "OpenAI's CLIP ViT-B/32"
    ),
    Description(
        "clip-ViT-B-32-multilingual-v1",
        "sentence-transformers",
        "clip-ViT-B-32-multilingual-v1",
        "queries in 50 languages, images by clip-ViT-B-32",
        images="clip-ViT-B-32",
    ),
)
"""Models worth naming. `describe` says what else may be written."""


def describe(name: str) -> Description:
    """What a name stands for.

    Besides the names in `KNOWN`: `MODEL/TAG` for any open_clip model and pretrained tag,
    `MODEL/FILE` for a checkpoint file, `hf-hub:ORG/REPO`, `local-dir:FOLDER` for a folder in
    open_clip's format, and `sentence-transformers:NAME_OR_FOLDER`.
    """
    for description in KNOWN:
        if description.name == name:
            return description
    if name.startswith(SENTENCE_TRANSFORMERS):
        source = name.removeprefix(SENTENCE_TRANSFORMERS)
        return Description(name, "sentence-transformers", source, "")
    return Description(name, "open_clip", name, "")


def anchored(name: str) -> str:
    """A name that means the same in any working directory: its path, if it has one, absolute."""
    for prefix in (LOCAL, SENTENCE_TRANSFORMERS):
        if name.startswith(prefix):
            folder = Path(name.removeprefix(prefix)).expanduser()
            return f"{prefix}{folder.absolute()}" if folder.is_dir() else name
    architecture, _, weights = name.partition("/")
    file = Path(weights).expanduser()  # the suffix tells it from a tag
    return f"{architecture}/{file.absolute()}" if file.suffix and file.is_file() else name


Load: TypeAlias = Callable[[str], Encoder]
"""Loads an encoder by name, with device, precision and batch size settled."""


def load_encoder(
    name: str,
    *,
    device: str | None = None,
    precision: str | None = None,
    batch_size: int | None = None,
) -> Encoder:
    """Load a model; its library is imported only now.

    Args:
        name: As `describe` reads it.
        device: A torch device; by default CUDA, else MPS, else the CPU.
        precision: "fp32", "fp16" or "bf16"; by default fp16 on CUDA, fp32 elsewhere.
        batch_size: Images or texts in one forward pass; by default the device's.

    Raises:
        UserError: No such model, device or precision; the hub is out of reach; files are missing
            or broken; an extra is not installed.
    """
    name = anchored(name)
    description = describe(name)
    if name == "nano" and not NANO.is_dir():
        raise UserError(
            f"this installation lacks the bundled model ({NANO})", "install splicedex again"
        )

    from splice.encoders.runtime import choose_runtime

    runtime = choose_runtime(device, precision, batch_size)
    if description.library == "open_clip":
        from splice.encoders.openclip import OpenClipEncoder

        return OpenClipEncoder(name, description.source, runtime)

    from splice.encoders.sbert import SentenceTransformerEncoder

    images = description.images or description.source
    return SentenceTransformerEncoder(name, description.source, images, runtime)
