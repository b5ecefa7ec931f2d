"""The student's input: photos cropped as CLIP does, augmented, and passed through frozen stages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from tools.nano.backbone import lower

SIDE = 288
"""Side of the cached crops in pixels: the largest input of any network."""
INPUT = 256
"""Side of the student's input in pixels."""
BATCH = 32
"""Photos per forward pass."""


def load_crops(paths: Sequence[Path]) -> NDArray[np.uint8]:
    """Load the central square of n photos, as CLIP crops them: (n, SIDE, SIDE, 3), uint8."""
    with ProcessPoolExecutor(2) as pool:
        return np.stack(list(pool.map(_crop, paths, chunksize=64)))


def batches(crops: NDArray[np.uint8], side: int) -> Iterator[Tensor]:
    """Yield normalised pixels (BATCH, 3, side, side) of photos (n, SIDE, SIDE, 3), in order."""
    for start in range(0, len(crops), BATCH):
        yield normalise(resize(_tensor(crops[start : start + BATCH]), side))


def resize(pixels: Tensor, side: int) -> Tensor:
    """Resize pixels (n, 3, h, w) to (n, 3, side, side) as CLIP does: bicubic with antialiasing."""
    if pixels.shape[-2:] == (side, side):
        return pixels
    return F.interpolate(pixels, (side, side), mode="bicubic", antialias=True).clamp(0, 255)


def normalise(pixels: Tensor) -> Tensor:
    """Scale pixels (n, 3, h, w) from 0..255 to -1..1, the input range of these networks."""
    return ((pixels - 127.5) / 127.5).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def feature_maps(
    model: Any, crops: NDArray[np.uint8], *, augment_seed: int | None = None
) -> NDArray[np.float16]:
    """Run the frozen stages on photos.

    Args:
        model: The student's backbone.
        crops: Photos (n, SIDE, SIDE, 3), uint8.
        augment_seed: Seed of random crops, mirroring and colours; None leaves the photos unchanged.

    Returns:
        Feature maps (n, h, w, channels).
    """
    random = np.random.default_rng(augment_seed)
    maps = []
    for start in range(0, len(crops), BATCH):
        pixels = _tensor(crops[start : start + BATCH])
        if augment_seed is None:
            pixels = resize(pixels, INPUT)
        else:
            pixels = torch.cat([_augment(image, random) for image in pixels])
        maps.append(lower(model, normalise(pixels)).permute(0, 2, 3, 1).half().numpy())
    return np.concatenate(maps)


def _augment(image: Tensor, random: np.random.Generator) -> Tensor:
    """Crop to 60% or more, change brightness and contrast, reduce colour, mirror half the time."""
    size, shape = np.sqrt(random.uniform(0.6, 1)), np.exp(random.uniform(-0.15, 0.15))
    height, width = (min(SIDE, int(SIDE * size * by)) for by in (shape, 1 / shape))
    top, left = random.integers(0, SIDE - height + 1), random.integers(0, SIDE - width + 1)
    pixels = resize(image[None, :, top : top + height, left : left + width], INPUT)
    brightness, contrast = np.exp(random.uniform(-0.2, 0.2, 2))
    mean = pixels.mean()
    pixels = ((pixels - mean) * contrast + mean * brightness).clamp(0, 255)
    pixels = torch.lerp(pixels, pixels.mean(1, keepdim=True), random.uniform(0, 0.4))
    return pixels.flip(3) if random.random() < 0.5 else pixels


def _tensor(crops: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(crops).permute(0, 3, 1, 2).float()


def _crop(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as file:
        image = file.convert("RGB")
    scale = SIDE / min(image.size)
    width, height = (max(SIDE, round(length * scale)) for length in image.size)
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - SIDE) // 2, (height - SIDE) // 2
    return np.asarray(image.crop((left, top, left + SIDE, top + SIDE)))
