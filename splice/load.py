"""Models as users name them: a concept space folder, or an encoder with a vocabulary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from splicedex.splice.dictionary.embed import build_space
from splicedex.splice.dictionary.image_mean import ImageMean
from splicedex.splice.dictionary.space import CONCEPTS, ConceptSpace
from splicedex.splice.dictionary.vocabulary import CLIP, load_vocabulary
from splicedex.splice.encoders.base import Encoder, Load
from splicedex.splice.encoders.load import load_encoder
from splicedex.splice.errors import UserError

MeanOf: TypeAlias = Callable[[Encoder], ImageMean]
"""Finds the image mean of an encoder: published, from a file, or estimated from photos."""
OWN = "the model's own"
"""Name of the vocabulary that lies in a model's folder, wherever that is."""


@dataclass(frozen=True)
class Model:
    """What images are read with.

    Args:
        name: As the user named it; an encoder by its own name.
        vocabulary: Where the words of `space` came from.
        image_mean: Where the image mean came from.
        space: The concepts.
        encoder: Embeds images and texts; None for a concept space folder.
    """

    name: str
    vocabulary: str
    image_mean: str
    space: ConceptSpace
    encoder: Encoder | None


def load_model(
    name: str, mean_of: MeanOf, *, vocabulary: str | None = None, load: Load = load_encoder
) -> Model:
    """Load what a user names as a model.

    Args:
        name: A concept space folder, or an encoder's name (see `splice.encoders.load`).
        mean_of: Finds the image mean of an encoder.
        vocabulary: See `load_vocabulary`; by default the encoder's own, or CLIP's word list.
        load: Loads the encoder.

    Raises:
        UserError: Unknown or unreachable model, or parts that do not fit together.
    """
    folder = Path(name).expanduser()
    if (folder / CONCEPTS).is_file():
        if vocabulary is not None:
            raise UserError(f"{name} brings its own vocabulary", "leave --vocabulary out")
        return Model(name, CONCEPTS, "its own", ConceptSpace.load(folder), None)
    encoder = load(name)
    words = vocabulary or encoder.vocabulary or CLIP
    concepts = load_vocabulary(words)
    mean = mean_of(encoder)
    space = build_space(encoder, concepts, mean.vector)
    if words == encoder.vocabulary:
        words = OWN
    elif (file := Path(words).expanduser()).is_file():
        words = str(file.absolute())
    return Model(encoder.name, words, mean.source, space, encoder)
