"""How near a text must be to concepts so that they can replace it.

A model embeds everything somewhere, a number or a misspelling too, and some concept is always the
nearest. A text is near enough if it is as near to a concept as most concepts are to the next one.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from splicedex.splice.dictionary.space import ConceptSpace

SAMPLE = 512
"""Concepts whose nearest other concept is looked up; more take longer and change little."""
LEAST = 0.5
"""Least cosine in a vocabulary of few concepts, where even the nearest are far."""


@lru_cache(maxsize=8)
def near_enough(space: ConceptSpace) -> float:
    """Least cosine at which a concept may replace a text: the median of concepts to their nearest.

    Args:
        space: The concepts.
    """
    ids = np.unique(np.linspace(0, len(space.concepts) - 1, SAMPLE, dtype=np.int64))
    cosines = space.atoms[ids] @ space.atoms.T
    cosines[np.arange(len(ids)), ids] = -1
    return max(float(np.median(cosines.max(axis=1))), LEAST)
