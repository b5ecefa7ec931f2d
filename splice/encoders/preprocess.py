"""Resizing and cropping images as the models expect, without torch, for worker processes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels: TypeAlias = NDArray[np.uint8]
"""Channels first: (3, height, width), or (n, 3, height, width) for a batch."""

Fit: TypeAlias = Literal["shortest", "longest", "squash"]

LONGEST_STRIP = 16
"""Aspect ratio above which the ends of an image are cut off before it is resized."""


@dataclass(frozen=True)
class Preprocess:
    """Resize and crop an image to a model's input, as open_clip's inference transform does.

    The rest of that transform, scaling to floats and normalising, happens in `encode_images`,
    because bytes take a quarter of the time of floats to send from process to process.

    Args:
        height: Input height in pixels.
        width: Input width in pixels.
        fit: "shortest" scales the shorter side to the input and crops the rest, "longest" scales
            the longer side and pads the rest, "squash" ignores the aspect ratio.
        bicubic: Use bicubic rather than bilinear interpolation.
        fill: Grey level of the padding, 0 to 255.
    """

    height: int
    width: int
    fit: Fit = "shortest"
    bicubic: bool = True
    fill: int = 0

    @property
    def size(self) -> int:
        """The longer input side in pixels: a decoder must not return a smaller image."""
        return max(self.height, self.width)

    def __call__(self, image: Image.Image) -> Pixels:
        """Convert an image to pixels (3, height, width), uint8."""
        image = image if image.mode == "RGB" else image.convert("RGB")
        if self.fit == "shortest" and max(image.size) > LONGEST_STRIP * min(image.size):
            image = _middle(image)
        resampling = Image.Resampling.BICUBIC if self.bicubic else Image.Resampling.BILINEAR
        image = image.resize(self._scaled(image.width, image.height), resampling)
        if image.width < self.width or image.height < self.height:
            canvas = Image.new("RGB", (self.width, self.height), (self.fill,) * 3)
            canvas.paste(
                image, ((self.width - image.width) // 2, (self.height - image.height) // 2)
            )
            image = canvas
        else:
            left = round((image.width - self.width) / 2)
            top = round((image.height - self.height) / 2)
            image = image.crop((left, top, left + self.width, top + self.height))
        return np.ascontiguousarray(np.asarray(image).transpose(2, 0, 1))

    def _scaled(self, width: int, height: int) -> tuple[int, int]:
        """Width and height in pixels after resizing, before cropping or padding."""
        if self.fit == "squash":
            return self.width, self.height
        if self.fit == "shortest" and self.width == self.height:
            # Rounded down as torchvision does; the other cases round to the nearest.
            short = min(width, height)
            return self.width * width // short, self.height * height // short
        extreme = max if self.fit == "longest" else min
        ratio = extreme(width / self.width, height / self.height)
        return max(1, round(width / ratio)), max(1, round(height / ratio))


def _middle(image: Image.Image) -> Image.Image:
    """Crop a long strip to its middle: 20,000 x 1 would be resized to 4,480,000 x 224 first."""
    width, height = (min(side, LONGEST_STRIP * min(image.size)) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
