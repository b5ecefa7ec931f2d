"""Real photos to make copies of: those that scikit-image brings."""

from functools import cache
from pathlib import Path

import skimage
from PIL import Image

FOLDER = Path(skimage.__file__).parent / "data"
COLOURED = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png")
GREY = ("camera.png", "moon.png")


@cache
def photo(name):
    """A photo in RGB, at most 480 pixels wide and high."""
    with Image.open(FOLDER / name) as opened:
        picture = opened.convert("RGB")
    picture.thumbnail((480, 480))
    return picture


def cut(picture, x, y, width, height):
    """A window of a picture, in shares of its sides."""
    w, h = picture.size
    return picture.crop(
        (round(x * w), round(y * h), round((x + width) * w), round((y + height) * h))
    )
