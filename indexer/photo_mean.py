"""The image mean of a model that nobody published one for: estimated from photos."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from indexer.photo_source import Listing, PhotoSource, list_paths
from splice.align import Matrix
from splice.encoder import Encoder
from splice.errors import UserError
from splice.image_mean import ImageMean, estimate_image_mean, known_image_mean, read_image_mean

ENOUGH = 2_000
"""Photos that an estimate reads; more change it little."""


def find_image_mean(encoder: Encoder, chosen: Path | None, collection: Listing | None) -> ImageMean:
    """The image mean of an encoder.

    Args:
        encoder: The model.
        chosen: A file with the mean, or a folder of photos in general; comes first.
        collection: The photos to be indexed, the last resort.

    Raises:
        UserError: There is none and nothing to estimate it from, or it does not fit the model.
    """
    if chosen is not None:
        if chosen.is_dir():
            return estimate_image_mean(_embedded(encoder, list_paths([str(chosen)])), encoder.dim)
        return read_image_mean(chosen, encoder.dim)
    known = known_image_mean(encoder.name, encoder.dim)
    if known is not None:
        return known
    if collection is None:
        raise UserError(
            f"no image mean is known for {encoder.name}",
            "add --image-mean with a file, or a folder of photos in general to estimate it from",
        )
    warnings.warn(
        f"no image mean is known for {encoder.name}: it is estimated from the collection itself, "
        "so what all its photos share (in a folder of dogs: dog) is subtracted and goes unseen; "
        "add --image-mean FOLDER with photos in general",
        stacklevel=2,
    )
    return estimate_image_mean(_embedded(encoder, collection), encoder.dim)


def _embedded(encoder: Encoder, listing: Listing) -> Iterator[Matrix]:
    """Embeddings of up to `ENOUGH` photos, spread evenly over a listing."""
    step = -(-len(listing.photos) // ENOUGH)
    spread = Listing(listing.photos[::step], listing.names[::step])
    source = PhotoSource(spread, encoder)
    for block in source.embed(source.items()):
        yield block.embeddings
