"""The record of one image: what the index stores of it, and its decomposition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from splicedex.indexer.engines.query import SparseVector
from splicedex.indexer.payload.columns import columns_in
from splicedex.indexer.payload.fingerprint import FIELD as FINGERPRINT
from splicedex.indexer.payload.presence import FIELDS
from splicedex.indexer.payload.shows import FIELDS as SHOWS_FIELDS
from splicedex.indexer.payload.shows import shown_in
from splicedex.indexer.store.index import Index
from splicedex.splice.align import Matrix, centre, unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.presence.calibration import PRESENT

if TYPE_CHECKING:
    from scipy.sparse import csr_array

OWN = frozenset(
    {"path", "location", "folders", "signature", "concepts", "cosine", *FIELDS, *SHOWS_FIELDS}
    | {FINGERPRINT}
)
"""Payload fields that are not columns of the user."""


@dataclass(frozen=True, slots=True)
class Decomposition:
    """An embedding as a sparse sum of concepts.

    Args:
        concepts: Concepts with their weights, largest first.
        cosine: Cosine between the aligned embedding and that sum.
    """

    concepts: tuple[tuple[str, float], ...]
    cosine: float


@dataclass(frozen=True, slots=True)
class Record:
    """What the index stores of an image.

    Args:
        id: Point id.
        path: Name in the index.
        payload: The whole payload.
        shows: The concepts that it is said to show, with probabilities, most probable first.
        decomposition: Its decomposition.
        present: Concepts that count as present, with probabilities, most probable first.
    """

    id: str
    path: str
    payload: Mapping[str, Any]
    shows: tuple[tuple[str, float], ...]
    decomposition: Decomposition
    present: tuple[tuple[str, float], ...]

    @property
    def columns(self) -> dict[str, Any]:
        """The user's columns."""
        return columns_of(self.payload)


def columns_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The user's columns among a payload."""
    return columns_in(payload, OWN)


def read_record(index: Index, id_: str) -> Record | None:
    """The record of an indexed image by point id; None if there is none."""
    found = index.engine.retrieve([id_], with_dense=True, with_concepts=True)
    if not found:
        return None
    [hit] = found
    assert hit.dense is not None
    assert hit.concepts is not None
    [probabilities] = index.presence(hit.dense[None])
    there = np.flatnonzero(probabilities >= PRESENT)
    ordered = there[np.argsort(-probabilities[there], kind="stable")]
    return Record(
        hit.id,
        hit.payload["path"],
        hit.payload,
        shown_in(hit.payload).named(index.space),
        Decomposition(weighted(index.space, hit.concepts), hit.payload["cosine"]),
        tuple((index.space.concepts[i], float(probabilities[i])) for i in ordered),
    )


def weighted(space: ConceptSpace, vector: SparseVector) -> tuple[tuple[str, float], ...]:
    """The concepts of a sparse vector with their weights, largest first."""
    ordered = np.argsort(-vector.values, kind="stable")
    return tuple((space.concepts[vector.indices[i]], float(vector.values[i])) for i in ordered)


def decompose_image(index: Index, embedding: Matrix) -> Decomposition:
    """Decompose one image embedding (d,) as the images of an index are."""
    from splicedex.splice.decomposition import (  # a search needs no solver
        decompose,
        reconstruction_cosine,
    )

    space = index.space
    weights = decompose(space, embedding[None], index.manifest.sparsity, index.penalties)
    return _told(space, weights, float(reconstruction_cosine(space, embedding[None], weights)[0]))


def decompose_text(index: Index, embedding: Matrix) -> Decomposition:
    """Decompose one text embedding (d,), centred by the dictionary's mean as texts are."""
    from splicedex.splice.decomposition import decompose_aligned

    space = index.space
    aligned = centre(unit(embedding[None]), space.text_mean)
    weights = decompose_aligned(space, aligned, index.manifest.sparsity, index.penalties)
    return _told(space, weights, float((unit(weights @ space.atoms) @ aligned[0])[0]))


def _told(space: ConceptSpace, weights: csr_array, cosine: float) -> Decomposition:
    vector = SparseVector(weights.indices.astype(np.int64), weights.data.astype(np.float32))
    return Decomposition(weighted(space, vector), cosine)
