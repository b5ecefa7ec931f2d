"""Models by name: those worth naming, and what else may be written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Library: TypeAlias = Literal["open_clip", "sentence-transformers"]

DEFAULT = "ViT-B-32/laion2b_s34b_b79k"
LOCAL = "local-dir:"
SENTENCE_TRANSFORMERS = "sentence-transformers:"
NANO = Path(__file__).parents[1] / "models" / "nano"


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


def absolute(name: str) -> str:
    """A name that means the same in any working directory: its path, if it has one, absolute."""
    for prefix in (LOCAL, SENTENCE_TRANSFORMERS):
        if name.startswith(prefix):
            folder = Path(name.removeprefix(prefix)).expanduser()
            return f"{prefix}{folder.absolute()}" if folder.is_dir() else name
    architecture, _, weights = name.partition("/")
    file = Path(weights).expanduser()  # the suffix tells it from a tag
    return f"{architecture}/{file.absolute()}" if file.suffix and file.is_file() else name
