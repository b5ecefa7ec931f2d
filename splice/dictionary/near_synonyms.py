"""Near-synonyms: concepts so close in meaning that each counts, in part, as the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import Matrix
from splicedex.splice.dictionary.space import ConceptSpace

MIN_COSINE = 0.7
"""Cosine of two atoms from which the concepts are near-synonyms. Their weight grows linearly from 0
at this cosine to 1 at cosine 1. Below 0.6 unrelated concepts are included."""
_ROWS = 1024


@lru_cache(maxsize=1024)
def near_synonyms(space: ConceptSpace, concept: int) -> Mapping[int, float]:
    """The near-synonyms of a concept.

    Args:
        space: The concept space.
        concept: Id of the concept.

    Returns:
        Weight in (0, 1] by concept id, in descending order; the concept itself comes first.
    """
    weights = _weights(space.atoms @ space.atoms[concept])
    weights[concept] = 1
    ids = np.flatnonzero(weights)
    return {int(i): float(weights[i]) for i in ids[np.argsort(-weights[ids], kind="stable")]}


@dataclass(frozen=True, eq=False)
class NearSynonyms:
    """The near-synonyms of all c concepts, as a sparse matrix in CSR form.

    The matrix is symmetric: if a is a near-synonym of b, so is b of a, with the same weight.

    Args:
        starts: Where the near-synonyms of each concept start (c + 1,).
        concepts: Ids (e,); the near-synonyms of concept i, itself included, are
            `concepts[starts[i]:starts[i + 1]]`.
        weights: The weights (e,) of `concepts`, in (0, 1].
    """

    starts: NDArray[np.int64]
    concepts: NDArray[np.int64]
    weights: Matrix


def all_near_synonyms(space: ConceptSpace) -> NearSynonyms:
    """Find the near-synonyms of all concepts; the cosines (c, c) are computed in blocks of rows."""
    count = len(space.concepts)
    sizes, concepts, weights = [np.zeros(1, np.int64)], [], []
    for start in range(0, count, _ROWS):
        found = _weights(space.atoms[start : start + _ROWS] @ space.atoms.T)
        own = np.arange(len(found))
        found[own, start + own] = 1
        rows, columns = np.nonzero(found)
        sizes.append(np.bincount(rows, minlength=len(found)))
        concepts.append(columns)
        weights.append(found[rows, columns])
    return NearSynonyms(
        np.cumsum(np.concatenate(sizes)), np.concatenate(concepts), np.concatenate(weights)
    )


def _weights(cosines: Matrix) -> Matrix:
    weights: Matrix = np.clip((cosines - MIN_COSINE) / (1 - MIN_COSINE), 0, 1)
    return weights
