"""Pairs of images that may be copies: few, of which the copies are nearly all.

Copies of the whole picture have nearly the same fingerprint, however they are turned. Cropped ones
have another; those are looked for among the images that are nearest to the model.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splicedex.search.curation.copies.images import Images
from splicedex.search.curation.copies.symmetry import best_symmetry, invariants
from splicedex.search.curation.subsets.exact_pairs import near_pairs
from splicedex.search.curation.subsets.reading import Progress, silent
from splicedex.splice.align import unit

SAME = 0.85
"""Cosine of two fingerprints from which the pictures may be the same."""
INVARIANT = 0.93
"""The same for their invariants, which are nearer to each other."""
NEIGHBOURS = 32
"""Nearest images by embedding among which the original of a crop is looked for."""
_ROWS = 1024
_PAIRS = 65_536


def same_bytes(images: Images) -> Iterator[tuple[int, int]]:
    """Pairs of images with identical files: each with the first one."""
    first: dict[str, int] = {}
    for row, hash_ in enumerate(images.hashes):
        if (one := first.setdefault(hash_, row)) != row:
            yield one, row


def same_pictures(images: Images, on_progress: Progress) -> Iterator[tuple[int, int]]:
    """Pairs of images that look the same when one of them is turned or mirrored."""
    rows = np.flatnonzero(images.known)
    prints = images.prints.coefficients
    pairs: list[tuple[int, int]] = []

    def near() -> list[tuple[int, int]]:
        one, other = rows[np.array(pairs).T]
        cosines, _ = best_symmetry(prints[one], prints[other])
        kept = cosines >= SAME
        return list(zip(one[kept].tolist(), other[kept].tolist(), strict=True))

    for i, j, _ in near_pairs(unit(invariants(prints[rows])), INVARIANT, on_progress):
        pairs.append((i, j))
        if len(pairs) == _PAIRS:
            yield from near()
            pairs.clear()
    if pairs:
        yield from near()


def neighbours(
    vectors: NDArray[Any], rows: NDArray[Any], on_progress: Progress = silent
) -> dict[int, list[int]]:
    """Nearest images by embedding of some images, both ways.

    The mean is subtracted first: what all photos have in common says nothing.

    Args:
        vectors: The embeddings (n, d) of all images.
        rows: Rows (r,) of the images.
        on_progress: Called with images done and their total.
    """
    if len(rows) < 2:
        return {}
    vectors = vectors[rows]
    vectors = unit(vectors - vectors.mean(axis=0))
    count = min(NEIGHBOURS, len(rows) - 1)
    found: dict[int, set[int]] = defaultdict(set)
    for start in range(0, len(rows), _ROWS):
        cosines = vectors[start : start + _ROWS] @ vectors.T
        cosines[np.arange(len(cosines)), start + np.arange(len(cosines))] = -2
        nearest = np.argpartition(cosines, -count, axis=1)[:, -count:]
        for one, others in zip(
            rows[start : start + _ROWS].tolist(), rows[nearest].tolist(), strict=True
        ):
            for other in others:
                found[one].add(other)
                found[other].add(one)
        on_progress(start + len(cosines), len(rows))
    return {one: sorted(others) for one, others in found.items()}
