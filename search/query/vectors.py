"""Query vectors: `text:` and `like:` as unit vectors in the space of image embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from splicedex.indexer.store.index import Index
from splicedex.search.query.external_images import ExternalImages
from splicedex.search.query.nodes import Concept, Like, Text
from splicedex.search.query.plan import direction_of
from splicedex.search.query.resolve import Encode, Resolved
from splicedex.splice.align import Matrix, centre, unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError

AWAY = 0.75
"""How far below 0 the weight of a suppressed concept is set; the aligned image has length 1."""
TOWARDS = 1.25
"""Weight of an added concept in the same unit: more than everything else."""


def text_vector(part: Text, encode: Encode | None) -> Matrix:
    """The unit embedding (d,) of a sentence. It is not centred: sentences rank better so.

    Raises:
        UserError: The model of the index has no text encoder.
    """
    if encode is None:
        raise UserError(
            "text: needs a text encoder, and this index was made from embeddings alone",
            "search by concepts, or index with a --model that encodes text",
        )
    return unit(encode(part.text))


def away_vector(
    part: Text, wanted: Sequence[Text | Like], space: ConceptSpace, encode: Encode | None
) -> Matrix:
    """The unit vector (d,) away from a sentence, apart from what it shares with what is wanted.

    "a man" NOT "a man in a hat" leads away from hats, not from men.

    Args:
        part: The unwanted sentence.
        wanted: The sentences and photos that are wanted; only sentences count.
        space: The concepts.
        encode: The text encoder, if there is one.

    Raises:
        UserError: The model of the index has no text encoder.
    """
    away = centre(text_vector(part, encode), space.text_mean)
    texts = [one for one in wanted if isinstance(one, Text)]
    if texts:
        basis = np.array([centre(text_vector(one, encode), space.text_mean) for one in texts])
        shared, _ = np.linalg.qr(basis.T)
        away = (away - shared @ (shared.T @ away)).astype(np.float32)
    return -unit(away)


def image_vector(
    index: Index, part: Like, meanings: Mapping[Concept, Resolved], outside: ExternalImages
) -> tuple[Matrix, str | None]:
    """The unit embedding (d,) of an image after its edits, and its id if it is indexed.

    Args:
        index: Open index.
        part: The image and its edits.
        meanings: What the concepts of the edits mean.
        outside: Embeds images that are not in the index.

    Raises:
        UserError: There is no such image, in the index or outside.
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
    """An image's embedding with concepts suppressed or added (arXiv 2402.10376, section 6.2).

    With `z = mean + s z'` and `z' = C^T w + r`, a suppressed concept c is removed from z'
    completely, from its own weight, from near-synonyms and from the rest:
    `z' <- z' - (max(0, z'·c) + AWAY) c`. An added concept is added: `z' <- z' + TOWARDS c`. Setting
    a weight to 0, or to a usual weight of 0.2, has little effect, because most of z' is specific to
    the photo. For the same reason AWAY goes below 0: a dog has more in common with dogs than the
    direction of the word.

    Args:
        space: The concepts.
        embedding: Unit embedding z (d,).
        edits: For each edit a factor (of TOWARDS if positive, of AWAY if negative) and a unit
            vector c (d,).

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
