"""Loading what users name as a model: a concept space folder, or an encoder and a vocabulary."""

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
"""Returns the image mean of an encoder: published, read from a file, or estimated from photos."""
OWN = "the model's own"
"""Name of the vocabulary that a model folder brings; it does not depend on the folder's path."""


@dataclass(frozen=True)
class Model:
    """A concept space, with the encoder it belongs to.

    Args:
        name: The concept space folder as the user wrote it, or the encoder's name.
        vocabulary: Where the words of `space` come from.
        image_mean: Where the image mean comes from.
        space: The concept space.
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
    """Load a model by the name that a user gives.

    Args:
        name: A concept space folder, or an encoder's name (see `splice.encoders.load`).
        mean_of: Returns the image mean of an encoder.
        vocabulary: A vocabulary as `load_vocabulary` takes it; by default the encoder's own, else
            CLIP's word list.
        load: Loads an encoder by name.

    Raises:
        UserError: The model is unknown or cannot be downloaded, or its parts do not fit together.
    """
    folder = Path(name).expanduser()
    if (folder / CONCEPTS).is_file():
        if vocabulary is not None:
            raise UserError(f"{name} has its own vocabulary", "leave out --vocabulary")
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
