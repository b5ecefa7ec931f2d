"""Looking at photos for concepts: one look at a photo answers for any number of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from splicedex.splice.align import Matrix, centre
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.encoders.base import Encoder
from splicedex.splice.presence.shows import Shows
from splicedex.splice.where.heatmap import heatmap
from splicedex.splice.where.places import Places, places_in_photo


@dataclass(frozen=True, eq=False)
class Look:
    """What one look at a photo gives.

    Args:
        embedding: The photo's embedding (d,), unit length, as it is indexed.
        places: Its places at several sizes.
        shown: Aligned directions (m, d) of the concepts that it is said to show.
    """

    embedding: Matrix
    places: tuple[Places, ...]
    shown: Matrix

    def heatmap(self, direction: Matrix) -> Matrix:
        """Where an aligned unit direction (d,) is: a map (h, w) of the whole photo.

        Higher is more. It says nothing about whether the thing is there at all: the map of what is
        absent has a maximum too. Ask for presence first.
        """
        return heatmap(self.places, direction, self.shown)


@dataclass(frozen=True, eq=False)
class Looker:
    """Looks at photos.

    Args:
        encoder: Embeds photos and texts.
        space: The concept space of the encoder.
        shows: Says what photos show.
    """

    encoder: Encoder
    space: ConceptSpace
    shows: Shows

    def look(self, photo: Image.Image) -> Look:
        """Look at a photo.

        Args:
            photo: The photo, upright.

        Raises:
            UserError: The encoder cannot tell places apart.
        """
        pixels = self.encoder.preprocess()(photo)
        places = places_in_photo(self.encoder, photo, self.space.image_mean, max(pixels.shape))
        [embedding] = self.encoder.encode_images(pixels[None])
        [shown] = self.shows.shown(embedding[None])
        return Look(embedding, places, self.space.atoms[list(shown.concepts)])

    def directions(self, texts: Sequence[str]) -> Matrix:
        """Aligned unit directions (n, d) of n concepts or sentences, for `Look.heatmap`."""
        return centre(np.asarray(self.encoder.encode_texts(texts)), self.space.text_mean)
