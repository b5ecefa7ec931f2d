"""Query vectors: what `text:` and `like:` look for, as a point among the image embeddings."""

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
"""How far beyond nothing a suppressed concept goes, where the whole image is 1."""
TOWARDS = 1.25
"""How much of an added concept there will be, likewise: more than of all the rest."""


def text_vector(part: Text, encode: Encode | None) -> Matrix:
    """The unit embedding (d,) of a sentence, as it is: sentences rank best uncentred.

    Raises:
        UserError: The index's model has no text encoder.
    """
    if encode is None:
        raise UserError(
            "text: needs a text encoder, and this index was made from embeddings alone",
            "ask by concepts, or index with a --model that encodes",
        )
    return unit(encode(part.text))


def image_vector(
    index: Index, part: Like, meanings: Mapping[Concept, Resolved], outside: ExternalImages
) -> tuple[Matrix, str | None]:
    """The unit embedding (d,) of an image, edited, and its id if it is indexed.

    Args:
        index: Open index.
        part: The image and its edits.
        meanings: What the concepts of the edits mean.
        outside: Where to find images that are not in the index.

    Raises:
        UserError: No such image, in the index or outside.
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
    """An image's embedding with concepts suppressed or added (paper, section 6.2).

    With `z = mean + s z'` and `z' = C^T w + r`, a concept c that is suppressed leaves z' entirely,
    out of its own weight, its kin's and the rest: `z' <- z' - (max(0, z'·c) + AWAY) c`; one that is
    added comes on top: `z' <- z' + TOWARDS c`. Setting a weight to 0 or to a photo's usual .2 would
    be lost: what makes a photo itself, not what is in it, is most of z'. That is also why AWAY goes
    beyond nothing: dogs look like dogs in more ways than the word says.

    Args:
        space: The concepts.
        embedding: Unit embedding z (d,).
        edits: A positive factor (of TOWARDS) or a negative one (of AWAY) with a unit c (d,), each.

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
