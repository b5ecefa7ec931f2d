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
NEIGHBOURS = (32, 256)
"""Nearest images by embedding among which the original of a crop is looked for, at least and at
most. A model that knows nothing of turned or tiny photos may rank it far down."""
PAIRS = 500_000
"""Pairs of neighbours to look at where the least of each image are fewer: some ten seconds."""
_AXES = 96
_ROUNDING = 1e-5
_SAMPLE = 8192
_ROWS, _COLUMNS = 1024, 8192
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


def neighbours_of(images: int) -> int:
    """How many neighbours to look at of each of so many images."""
    least, most = NEIGHBOURS
    return max(least, min(most, PAIRS // images))


def neighbours(
    vectors: NDArray[Any], rows: NDArray[Any], on_progress: Progress = silent
) -> dict[int, list[int]]:
    """Nearest images by embedding of some images, both ways.

    The mean is subtracted first: what all photos have in common says nothing. Then the vectors are
    shortened to their principal axes. How near the nearest ones are is estimated from a sample, so
    that no row has to be sorted; in large sets there can be some more or less.

    Args:
        vectors: The embeddings (n, d) of all images.
        rows: Rows (r,) of the images.
        on_progress: Called with images done and their total.
    """
    count = len(rows)
    if count < 2:
        return {}
    short = _shortened(vectors[rows])
    sample = short[:: max(1, count // _SAMPLE)]
    wanted = neighbours_of(count) + 1  # an image finds itself
    rank = min(len(sample), -(-wanted * len(sample) // count))
    found: dict[int, set[int]] = defaultdict(set)
    for start in range(0, count, _ROWS):
        block = short[start : start + _ROWS]
        least = np.partition(block @ sample.T, -rank, axis=1)[:, -rank, None] - _ROUNDING
        for other in range(0, count, _COLUMNS):
            near = np.flatnonzero(block @ short[other : other + _COLUMNS].T >= least)
            one, two = np.divmod(near, min(_COLUMNS, count - other))
            for i, j in zip(rows[one + start].tolist(), rows[two + other].tolist(), strict=True):
                if i != j:
                    found[i].add(j)
                    found[j].add(i)
        on_progress(start + len(block), count)
    return {one: sorted(others) for one, others in found.items()}


def _shortened(vectors: NDArray[Any]) -> NDArray[Any]:
    """Unit vectors (n, AXES) of what vectors (n, d) are beside their mean."""
    vectors = vectors - vectors.mean(axis=0)
    if vectors.shape[1] > _AXES:
        some = vectors[:: max(1, len(vectors) // _SAMPLE)]
        vectors = vectors @ np.linalg.eigh(some.T @ some)[1][:, -_AXES:]
    return unit(vectors)
