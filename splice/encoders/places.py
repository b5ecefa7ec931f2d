"""Image towers whose embedding is a mean over places, and the embeddings of these places."""

from __future__ import annotations

from typing import Any

import torch
from open_clip.timm_model import TimmModel

TOLERANCE = 1e-2
"""Relative difference that rounding to half precision may make."""


def is_mean_of_places(tower: Any, side: int) -> bool:
    """Whether an image tower of open_clip is convolutions, their mean, and a linear map.

    What other networks have between mean and map is not linear. It is tried rather than looked up,
    as timm has hundreds of networks.

    Args:
        tower: The image tower.
        side: Side of its input in pixels.
    """
    if not isinstance(tower, TimmModel):
        return False
    weight = next(tower.parameters())
    noise = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0))
    batch = noise.to(weight.device, weight.dtype)
    try:
        places = embed_places(tower, batch)
        whole = tower(batch)
    except (RuntimeError, TypeError):  # the features have another shape
        return False
    if places.ndim != 4 or min(places.shape[1:3]) < 2:
        return False
    return bool((places.mean(dim=(1, 2)) - whole).norm() <= TOLERANCE * whole.norm())


def embed_places(tower: Any, batch: torch.Tensor) -> torch.Tensor:
    """Vectors (n, h, w, d) of the places of a batch (n, 3, height, width).

    Args:
        tower: An image tower for which `is_mean_of_places` holds.
        batch: The batch, scaled as the tower expects it.
    """
    features = tower.trunk.forward_features(batch)
    places: torch.Tensor = tower.head(features.permute(0, 2, 3, 1))
    return places
