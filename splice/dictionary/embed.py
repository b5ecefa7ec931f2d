"""Building a concept space with an encoder, with a cache on disk."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence

from splicedex.splice.align import Matrix
from splicedex.splice.dictionary.space import ConceptSpace, make_space
from splicedex.splice.download import cache_folder
from splicedex.splice.encoders.base import Encoder


def build_space(encoder: Encoder, concepts: Sequence[str], image_mean: Matrix) -> ConceptSpace:
    """Embed concepts with an encoder, or read their embeddings from the cache.

    The cache key covers the encoder's weights, the words and the mean, so a cached space is never
    out of date.

    Args:
        encoder: Computes the text embeddings (c, d).
        concepts: The names of c concepts, distinct.
        image_mean: Mean (d,) of the encoder's unit image embeddings over photos in general.

    Raises:
        UserError: The mean has another dimension than the encoder.
    """
    key = hashlib.sha256(
        b"\0".join(
            [encoder.fingerprint().encode(), image_mean.tobytes(), *map(str.encode, concepts)]
        )
    ).hexdigest()
    folder = cache_folder() / "spaces" / key[:32]
    if folder.is_dir():
        return ConceptSpace.load(folder)
    space = make_space(
        concepts, encoder.encode_texts(concepts), image_mean, source=f"model {encoder.name}"
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as partial:
        space.save(folder.parent / partial / "space")
        try:
            (folder.parent / partial / "space").rename(folder)
        except OSError:  # another process saved the same space first
            if not folder.is_dir():
                raise
    return space
