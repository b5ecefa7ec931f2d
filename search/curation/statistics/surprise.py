"""How unlike the other images of a sample an image is, by what it shows.

The surprise of a concept is -log2 of the share of images that show it: 1 bit where every second
image does, 10 bits where one in a thousand does. The surprise of an image is the mean over what it
shows, weighted by the probabilities. To show nothing is as surprising as it is rare.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from splicedex.search.curation.statistics.proportions import Floats


def surprise(hits: ArrayLike, count: int) -> Floats:
    """Surprises in bits, from shares by Laplace's rule of succession, (hits + 1) / (count + 2).

    So what one of three images shows is no great surprise.

    Args:
        hits: Images that show each concept (c,).
        count: All images.
    """
    bits: Floats = np.log2((count + 2) / (np.asarray(hits, np.float64) + 1))
    return bits


def mean_surprise(shown: csr_array, bits: Floats, nothing: float) -> Floats:
    """Surprises in bits (n,) of images.

    Args:
        shown: Probabilities (n, c) of what the images show, 0 of all else.
        bits: Surprise of each concept (c,).
        nothing: Surprise of an image that shows nothing.
    """
    total = np.asarray(shown.sum(axis=1))
    with np.errstate(invalid="ignore"):
        means: Floats = np.where(total > 0, (shown @ bits) / total, nothing)
    return means
