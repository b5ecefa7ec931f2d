"""Query vectors: `text:` and `like:` as unit vectors in the space of the image embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from splicedex.indexer.store.index import Index
from splicedex.search.query.external_images import ExternalImages
from splicedex.search.query.plan import direction_of
from splicedex.search.query.resolve import Encode, Resolved
from splicedex.search.query.tree import Concept, Like, Text
from splicedex.splice.align import Matrix, unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError

AWAY = 0.75
"""How far below zero the weight of a removed concept goes; the norm of the image is 1."""
TOWARDS = 1.25
"""Weight of an added concept; the norm of the image is 1, so the added concept dominates."""


def text_vector(part: Text, encode: Encode | None) -> Matrix:
    """The unit embedding (d,) of a sentence, not centred: sentences rank best this way.

    Raises:
        UserError: The index's model has no text encoder.
    """
    if encode is None:
        raise UserError(
            "text: needs a text encoder, and this index was made from embeddings only",
            "search by concepts, or index with a --model that has a text encoder",
        )
    return unit(encode(part.text))


def image_vector(
    index: Index, part: Like, meanings: Mapping[Concept, Resolved], outside: ExternalImages
) -> tuple[Matrix, str | None]:
    """The unit embedding (d,) of an image after its edits, and its id if it is indexed.

    Args:
        index: The open index.
        part: The image and its edits.
        meanings: The resolved concepts of the edits.
        outside: Returns the embedding of an image that is not in the index.

    Raises:
        UserError: There is no such image in the index or outside it.
    """
    embedding, id_ = _embedding(index, part.path, outside)
    edits = [
        (sign * edit.boost, direction_of(meanings[edit], index.space.atoms))
        for sign, edit in part.edits
    ]
    return (intervened(index.space, embedding, edits) if edits else embedding), id_


def intervened(
    space: ConceptSpace, embedding: Matrix, edits: Sequence[tuple[float, Matrix]]
) -> Matrix:
    """Remove concepts from an image's embedding or add them (arXiv 2402.10376, section 6.2).

    The embedding is `z = mean + s z'` with `z' = C^T w + r`. To remove a concept c, all of its
    direction is taken out of z', from the weights of c and of its near-synonyms and from the
    residual r: `z' <- z' - (max(0, z'·c) + AWAY) c`. To add it: `z' <- z' + TOWARDS c`.

    To change only the weight in w would have little effect: most of z' is the residual. For the
    same reason AWAY goes below zero: the residual also resembles the concept.

    Args:
        space: The concept space.
        embedding: Unit embedding z (d,).
        edits: Pairs of a factor and a unit vector c (d,). A positive factor multiplies TOWARDS and
            adds c; a negative factor multiplies AWAY and removes c.

    Returns:
        Unit embedding (d,).
    """
    offset = embedding - space.image_mean
    scale = float(np.linalg.norm(offset))
    aligned = offset / (scale or 1.0)
    for factor, concept in sorted(edits, key=lambda edit: edit[0]):
        if factor < 0:
            aligned = aligned - (max(0.0, float(aligned @ concept)) - factor * AWAY) * concept
        else:
            aligned = aligned + factor * TOWARDS * concept
    return unit(space.image_mean + scale * aligned)


def _embedding(index: Index, name: str, outside: ExternalImages) -> tuple[Matrix, str | None]:
    hit = index.lookup(name, with_vectors=True)
    if hit is not None and hit.dense is not None:
        return unit(hit.dense), hit.id
    return unit(outside(name)), None
