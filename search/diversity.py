"""Maximal marginal relevance: good hits that are unlike each other."""

from __future__ import annotations

import numpy as np

from splice.align import Matrix


def diversify(scores: Matrix, embeddings: Matrix, count: int, diversity: float) -> list[int]:
    """Choose hits one by one, each for its score less its likeness to those before it.

    `(1 - diversity) * score - diversity * max cosine` (Carbonell and Goldstein 1998), with scores
    and likenesses scaled to [0, 1].

    Args:
        scores: (n,), best first.
        embeddings: Unit vectors (n, d).
        count: How many to choose.
        diversity: Within 0 and 1.

    Returns:
        Row numbers of the chosen, in order.
    """
    spread = float(scores.max() - scores.min())
    gain = (1 - diversity) * (scores - scores.min()) / (spread or 1.0)
    likeness = np.zeros(len(scores), np.float32)
    left = np.ones(len(scores), bool)
    chosen: list[int] = []
    for _ in range(min(count, len(scores))):
        best = int(np.argmax(np.where(left, gain - diversity * likeness, -np.inf)))
        chosen.append(best)
        left[best] = False
        likeness = np.maximum(likeness, (embeddings @ embeddings[best]).clip(0, 1))
    return chosen
