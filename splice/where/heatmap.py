"""Heatmaps: where in a photo a concept or a sentence is.

With the aligned direction t of the concept, and the directions o_1 ... o_m of the other concepts
that the photo shows, the map of place vectors v_p is

    v_p . (t - OTHERS * mean(o))

What the others claim is taken away, so a rider is not shown for a horse. The map is linear in v, so
its mean is the photo's own contrasted score. Maps of several sizes are averaged and smoothed.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from splicedex.splice.align import Matrix
from splicedex.splice.where.places import Places

OTHERS = 0.3
"""Weight of the photo's other concepts."""
NEAR = 0.5
"""Cosine from which another concept is too like this one to be taken away."""
CELLS = 64
"""Cells of a heatmap along the longer side."""
BLUR = 0.05
"""Standard deviation of the smoothing, in shares of the map's longer side."""


def heatmap(places: tuple[Places, ...], direction: Matrix, others: Matrix) -> Matrix:
    """Where a direction is in a photo.

    Args:
        places: The places of the whole photo at one or more sizes.
        direction: Aligned unit direction (d,) of a concept or sentence.
        others: Aligned unit directions (m, d) of what else the photo shows.

    Returns:
        A map (h, w) of the whole photo with at most `CELLS` cells a side: higher is more, and 0 is
        as much of it as in photos in general.
    """
    contrasted = direction.copy()
    distinct = others[others @ direction < NEAR]
    if len(distinct):
        contrasted -= OTHERS * distinct.mean(axis=0)
    maps = [one.map_of(contrasted[None])[..., 0] for one in places]
    height, width = maps[0].shape
    longer = max(height, width)
    shape = (round(CELLS * height / longer), round(CELLS * width / longer))
    return _smooth(np.mean([_resized(one, shape) for one in maps], axis=0), BLUR * CELLS)


def _resized(values: Matrix, shape: tuple[int, int]) -> Matrix:
    image = Image.fromarray(values.astype(np.float32), mode="F")
    resized = image.resize((shape[1], shape[0]), Image.Resampling.BILINEAR)
    return np.asarray(resized, np.float32)


def _smooth(values: Matrix, deviation: float) -> Matrix:
    """Blur by a Gaussian; the edges are repeated outwards."""
    from scipy.ndimage import gaussian_filter

    smooth: Matrix = gaussian_filter(values, deviation, mode="nearest")
    return smooth
