"""Checks that the payload and the weights of points agree with their embeddings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import numpy as np

from splicedex.indexer.engines.batch import batch_of
from splicedex.indexer.engines.query import Hit, SparseVector
from splicedex.indexer.payload.fingerprint import FIELD as FINGERPRINT
from splicedex.indexer.payload.fingerprint import is_fingerprint
from splicedex.indexer.payload.presence import FIELDS
from splicedex.indexer.payload.shows import FIELDS as SHOWS_FIELDS
from splicedex.indexer.payload.shows import SURELY, agrees
from splicedex.indexer.store.index import Index, point_id
from splicedex.splice.align import Matrix
from splicedex.splice.decomposition import reconstruction_cosine

LENGTH_OFF = 1e-5
"""Tolerance for the length of a unit vector. Rounding of 512 dimensions costs 2e-7."""
COSINE_OFF = 1e-3
"""Tolerance for the reconstruction cosine."""
PROBABILITY_OFF = 1e-5
"""Tolerance for a presence probability."""
SURE_OFF = 1e-3
"""Tolerance for the log-odds of what is there for sure."""
_PAYLOAD_TYPES = {"concepts": list, "cosine": float | int, **dict.fromkeys(FIELDS, list)}
"""Types of the fields that older formats have as well."""


class Fault(StrEnum):
    """What can be wrong with a point."""

    EMBEDDING = "the embedding is lost"
    NAME = "the name does not belong to the point"
    WEIGHTS = "the weights are lost"
    PAYLOAD = "the payload is lost"
    CONCEPTS = "the payload lists other concepts than the vector"
    COSINE = "the cosine does not agree with the concepts"
    PRESENCE = "the presence of concepts does not agree with the calibration"
    SHOWS = "what it shows does not agree with its embedding"
    FINGERPRINT = "the fingerprint is damaged"


LOSSES = frozenset({Fault.EMBEDDING, Fault.NAME})
"""Faults that cannot be repaired: the images have to be indexed again."""
QUICK = frozenset({Fault.PRESENCE, Fault.SHOWS, Fault.FINGERPRINT})
"""Faults that are repaired without a new decomposition."""


def faults(index: Index, hits: Sequence[Hit]) -> list[Fault | None]:
    """Find what is wrong with points.

    Args:
        index: Open index with a correct space and calibration.
        hits: n points, fetched with payload and both vectors.

    Returns:
        The first fault of each of the n points, None where there is none.
    """
    found: list[Fault | None] = [_loss(index, hit) for hit in hits]
    whole = [row for row, fault in enumerate(found) if fault is None]
    if not whole:
        return found
    some = batch_of([hits[row] for row in whole], len(index.space.concepts))
    cosines = reconstruction_cosine(index.space, some.dense, some.concepts)
    presence, shown = _Presence(index, some.dense), index.shows.shown(some.dense)
    fewer, more = (index.shows.shown(some.dense, off) for off in (-SURE_OFF, SURE_OFF))
    for i, row in enumerate(whole):
        payload, sparse = hits[row].payload, hits[row].concepts
        if sparse is None or payload["concepts"] != sparse.indices.tolist():
            found[row] = Fault.CONCEPTS
        elif not abs(payload["cosine"] - cosines[i]) < COSINE_OFF:
            found[row] = Fault.COSINE
        elif not presence.may_be(payload, i):
            found[row] = Fault.PRESENCE
        elif (
            not _has_shows(payload)
            or not agrees(payload, shown[i])
            or not set(fewer[i].surely) <= set(payload[SURELY]) <= set(more[i].surely)
        ):
            found[row] = Fault.SHOWS
        elif FINGERPRINT in payload and not is_fingerprint(payload[FINGERPRINT]):
            found[row] = Fault.FINGERPRINT
    return found


def _has_shows(payload: Mapping[str, Any]) -> bool:
    return all(
        isinstance(payload.get(key), list) and all(isinstance(one, int) for one in payload[key])
        for key in SHOWS_FIELDS
    )


def _loss(index: Index, hit: Hit) -> Fault | None:
    """The part of a point that is missing or unusable, if there is one."""
    payload, dense, sparse = hit.payload, hit.dense, hit.concepts
    # Written so that a length of NaN fails, too.
    if dense is None or dense.shape != (index.space.dim,) or not _is_unit(dense):
        return Fault.EMBEDDING
    if not isinstance(payload.get("path"), str) or point_id(payload["path"]) != hit.id:
        return Fault.NAME
    if sparse is None or not _fits(sparse, len(index.space.concepts)):
        return Fault.WEIGHTS
    if not all(isinstance(payload.get(key), kind) for key, kind in _PAYLOAD_TYPES.items()):
        return Fault.PAYLOAD
    return None


def _is_unit(dense: Matrix) -> bool:
    return bool(abs(np.linalg.norm(dense) - 1) < LENGTH_OFF)


def _fits(sparse: SparseVector, concepts: int) -> bool:
    if len(sparse.indices) != len(sparse.values):
        return False
    in_order = bool((np.diff(sparse.indices) > 0).all())
    within = not len(sparse.indices) or int(sparse.indices[-1]) < concepts
    return in_order and within and bool((sparse.values > 0).all())


class _Presence:
    """Compares the presence payload of images with the calibration.

    The last bits of a probability depend on the other rows of a batch, so a probability near a
    threshold may have been stored as either side.
    """

    def __init__(self, index: Index, dense: Matrix) -> None:
        self._index = index
        self._dense = dense
        self._stored = index.strengths(dense)

    def may_be(self, payload: Mapping[str, Any], row: int) -> bool:
        if all(payload[field] == self._stored[row][field] for field in FIELDS):
            return True
        near = [
            self._index.strengths(self._dense[row : row + 1], off)[0]
            for off in (-PROBABILITY_OFF, 0, PROBABILITY_OFF)
        ]
        return all(_between(payload[field], [one[field] for one in near]) for field in FIELDS)


def _between(values: list[int], near: list[list[int]]) -> bool:
    """Whether values hold all that is common to some lists, and nothing that is in none of them."""
    sets = [set(one) for one in near]
    return set.intersection(*sets) <= set(values) <= set.union(*sets)
