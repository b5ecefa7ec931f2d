"""Kin: concepts so near in meaning that finding one counts, in part, as finding the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from splicedex.splice.align import Matrix
from splicedex.splice.dictionary.space import ConceptSpace

KIN = 0.7
"""Cosine in aligned space from which a concept belongs to another's family; its weight grows from
0 there to 1 at the concept itself. Below .6 unlike things come in."""
_ROWS = 1024


@lru_cache(maxsize=1024)
def near_synonyms(space: ConceptSpace, concept: int) -> Mapping[int, float]:
    """A concept and its kin with their weights in (0, 1], heaviest first."""
    weights = _weights(space.atoms @ space.atoms[concept])
    weights[concept] = 1
    kin = np.flatnonzero(weights)
    return {int(i): float(weights[i]) for i in kin[np.argsort(-weights[kin], kind="stable")]}


@dataclass(frozen=True, eq=False)
class NearSynonyms:
    """The families of all concepts of a space; as weights are mutual, also whom each counts for.

    Args:
        starts: Where each concept's kin begin (c + 1,).
        concepts: The kin of concept i at `starts[i]:starts[i + 1]`, itself among them.
        weights: Theirs.
    """

    starts: NDArray[np.int64]
    concepts: NDArray[np.int64]
    weights: Matrix


def all_near_synonyms(space: ConceptSpace) -> NearSynonyms:
    """All families of a space; some rows of the cosines (c, c) at a time."""
    count = len(space.concepts)
    sizes, concepts, weights = [np.zeros(1, np.int64)], [], []
    for start in range(0, count, _ROWS):
        found = _weights(space.atoms[start : start + _ROWS] @ space.atoms.T)
        own = np.arange(len(found))
        found[own, start + own] = 1
        rows, kin = np.nonzero(found)
        sizes.append(np.bincount(rows, minlength=len(found)))
        concepts.append(kin)
        weights.append(found[rows, kin])
    return NearSynonyms(
        np.cumsum(np.concatenate(sizes)), np.concatenate(concepts), np.concatenate(weights)
    )


def _weights(cosines: Matrix) -> Matrix:
    weights: Matrix = np.clip((cosines - KIN) / (1 - KIN), 0, 1)
    return weights
