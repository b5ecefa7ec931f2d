"""Known models, and how the name of any other model is read."""

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
    """How a model is named, loaded and described.

    Args:
        name: The name that users write.
        library: The library that loads the model.
        source: The library's own name for the model.
        note: One line that helps users choose.
        images: For a model with a text tower only, the model that embeds images into its space.
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
"""Models with names of their own. `describe` lists the other names that are accepted."""


def describe(name: str) -> Description:
    """Find or make the description of a model.

    Args:
        name: A name in `KNOWN`; `MODEL/TAG` for an open_clip model and pretrained tag; `MODEL/FILE`
            for a checkpoint file; `hf-hub:ORG/REPO`; `local-dir:FOLDER` for a folder in open_clip's
            format; or `sentence-transformers:NAME_OR_FOLDER`.

    Returns:
        The description; the model may not exist.
    """
    for description in KNOWN:
        if description.name == name:
            return description
    if name.startswith(SENTENCE_TRANSFORMERS):
        source = name.removeprefix(SENTENCE_TRANSFORMERS)
        return Description(name, "sentence-transformers", source, "")
    return Description(name, "open_clip", name, "")


def absolute(name: str) -> str:
    """Make the path in a model's name absolute, if the name contains one."""
    for prefix in (LOCAL, SENTENCE_TRANSFORMERS):
        if name.startswith(prefix):
            folder = Path(name.removeprefix(prefix)).expanduser()
            return f"{prefix}{folder.absolute()}" if folder.is_dir() else name
    architecture, _, weights = name.partition("/")
    file = Path(weights).expanduser()  # a tag has no suffix
    return f"{architecture}/{file.absolute()}" if file.suffix and file.is_file() else name
