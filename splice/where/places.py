"""The embedding of a photo as a mean over its places.

A network of convolutions that ends in a mean and a linear map embeds an image as the mean over its
places: with the features f_p of place p, `z = W mean_p(f_p) + b = mean_p(W f_p + b)`. So a score
that is linear in the embedding is the mean of a map: what the map shows adds up to the score. Class
activation maps (Zhou et al. 2016, arXiv 1512.04150) are this for a classifier.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from splicedex.splice.align import Matrix
from splicedex.splice.encoders.base import Encoder
from splicedex.splice.encoders.preprocess import Pixels

SCALES = (1.25, 2.0)
"""Length of a photo's shorter side, in input sides of the model. Small things need pixels."""
LONGEST = 3.0
"""Length of its longer side at most, in input sides of the model."""
STRIDE = 32
"""Both sides are multiples of this many pixels, as networks halve them five times."""


@dataclass(frozen=True, eq=False)
class Places:
    """What the places of an image contribute to its aligned embedding.

    Args:
        vectors: One vector for each place (h, w, d). Their mean is `unit(z) - image_mean` for the
            embedding z of the pixels.
    """

    vectors: Matrix

    def map_of(self, directions: Matrix) -> Matrix:
        """Maps (h, w, k) whose means are the image's scores along k directions (k, d)."""
        found: Matrix = self.vectors @ directions.T
        return found


def places_in_photo(
    encoder: Encoder, photo: Image.Image, image_mean: Matrix, side: int
) -> tuple[Places, ...]:
    """The places of a whole photo, once for each of `SCALES`.

    The mirror image is embedded too, and the mean taken: errors of the network differ in it.

    Args:
        encoder: Embeds the photo.
        photo: The photo, upright.
        image_mean: Mean (d,) of unit image embeddings.
        side: Longer input side of the model, in pixels.

    Raises:
        UserError: The encoder cannot tell places apart.
    """
    found = []
    for scale in SCALES:
        pixels = _whole(photo, scale, side)
        places = encoder.encode_places(np.stack([pixels, pixels[:, :, ::-1]]))
        found.append(_aligned((places[0] + places[1, :, ::-1]) / 2, image_mean))
    return tuple(found)


def indexed_places(encoder: Encoder, photo: Image.Image, image_mean: Matrix) -> Places:
    """The places of a photo as it is indexed: of its middle, where the model crops it.

    Args:
        encoder: Embeds the photo.
        photo: The photo, upright.
        image_mean: Mean (d,) of unit image embeddings.

    Raises:
        UserError: The encoder cannot tell places apart.
    """
    return _aligned(encoder.encode_places(encoder.preprocess()(photo)[None])[0], image_mean)


def _whole(photo: Image.Image, scale: float, side: int) -> Pixels:
    """The pixels (3, height, width) of a whole photo.

    Args:
        photo: The photo.
        scale: Length of its shorter side, in input sides.
        side: Input side of the model, in pixels.
    """
    factor = min(scale * side / min(photo.size), LONGEST * side / max(photo.size))
    width, height = (STRIDE * max(1, round(factor * length / STRIDE)) for length in photo.size)
    resized = photo.convert("RGB").resize((width, height), Image.Resampling.BICUBIC)
    return np.ascontiguousarray(np.asarray(resized).transpose(2, 0, 1))


def _aligned(places: Matrix, image_mean: Matrix) -> Places:
    length = max(float(np.linalg.norm(places.mean(axis=(0, 1)))), 1e-12)
    aligned: Matrix = places / length - image_mean
    return Places(aligned)
