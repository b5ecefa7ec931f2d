"""Query vectors: what `text:` and `like:` look for, as a point among the image embeddings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import numpy as np
from scipy.sparse import csr_array

from indexer.index import Index
from search.concepts import Encode, resolve
from search.language import Like, Text
from splice.align import Matrix, unit
from splice.decomposition import decompose, intervene
from splice.errors import UserError

EncodeFile: TypeAlias = Callable[[Path], Matrix]
"""Embeds an image file (d,) with the image tower of the index's model."""


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
    index: Index, part: Like, encode: Encode | None, encode_file: EncodeFile | None
) -> tuple[Matrix, str | None]:
    """The unit embedding (d,) of an image, edited, and its id if it is indexed.

    An edit intervenes on the decomposition: with z = mean + s (C^T w + r), concepts are taken out
    of w or put in, and everything else stays, the rest r too (paper, section 6.2, which drops r).

    Raises:
        UserError: No such image, indexed or on disk, or an edit that is no concept.
    """
    embedding, id_ = _embedding(index, part.path, encode_file)
    if not part.edits:
        return embedding, id_
    space = index.space
    weights = decompose(space, embedding[None], index.manifest.sparsity)
    strongest = float(weights.data.max(initial=0)) or 1.0
    suppress: set[int] = set()
    set_to: dict[int, float] = {}
    for sign, concept in part.edits:
        meaning = resolve(space, concept.text, exact=concept.exact, encode=encode)
        if sign < 0:
            suppress.update(meaning.family)
        else:
            first = next(iter(meaning.family))
            set_to[first] = concept.boost * strongest
    edited = intervene(weights, suppress=suppress, set_to=set_to)
    scale = float(np.linalg.norm(embedding - space.image_mean))
    change: Matrix = (csr_array(edited - weights) @ space.atoms)[0]
    return unit(embedding + scale * change), id_


def _embedding(
    index: Index, path: str, encode_file: EncodeFile | None
) -> tuple[Matrix, str | None]:
    hit = index.lookup(path, with_vectors=True)
    if hit is not None and hit.dense is not None:
        return unit(hit.dense), hit.id
    file = Path(path).expanduser()
    if not file.is_file():
        raise UserError(
            f"{path!r} is neither an image of the index nor a file",
            "name it as search prints it, or give a path",
        )
    if encode_file is None:
        raise UserError(
            f"{path} is not in the index, and an index made from embeddings alone cannot encode it",
            "name an indexed image, or index with a --model that encodes",
        )
    return unit(encode_file(file)), None
