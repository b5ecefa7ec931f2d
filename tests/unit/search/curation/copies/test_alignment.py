"""Pictures laid over others."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from splicedex.search.curation.copies.alignment import align
from splicedex.search.curation.copies.judge import DETAIL
from splicedex.search.curation.copies.symmetry import SYMMETRIES
from splicedex.search.curation.copies.windows import WHOLE, Window
from tests.real_photos import COLOURED, GREY, cut, photo

AS_IS = SYMMETRIES[0]


def grey(picture):
    return np.asarray(picture.convert("L"))


@pytest.mark.parametrize("name", [*COLOURED, *GREY])
def test_a_crop_lies_where_it_was_cut(name):
    part = cut(photo(name), 0.1, 0.15, 0.8, 0.7).reduce(2)
    found = align(grey(photo(name)), grey(part), AS_IS, Window(0.13, 0.12, 0.78, 0.74))
    assert found.detail > DETAIL
    assert found.agreement > 0.95
    seen = found.window
    assert [seen.x, seen.y, seen.width, seen.height] == pytest.approx(
        [0.1, 0.15, 0.8, 0.7], abs=0.02
    )
    assert abs(found.angle) < 0.5


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("degrees", [-4, 3])
def test_a_small_turn_is_measured(degrees, mirrored):
    picture = photo("coffee.png")
    before = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else picture
    turned = before.rotate(-degrees, Image.Resampling.BICUBIC)  # Pillow turns counter-clockwise
    part = grey(cut(turned, 0.1, 0.1, 0.8, 0.8))
    way = SYMMETRIES[1] if mirrored else AS_IS
    found = align(grey(picture), part, way, Window(0.1, 0.1, 0.8, 0.8))
    assert found.angle == pytest.approx(degrees, abs=0.3)


def test_other_photos_do_not_agree():
    for name in COLOURED:
        for other in COLOURED:
            found = align(grey(photo(name)), grey(photo(other)), AS_IS, WHOLE)
            assert name == other or found is None or found.detail < DETAIL


def test_what_is_too_small_is_not_compared():
    assert align(np.zeros((100, 100), np.uint8), np.zeros((9, 30), np.uint8), AS_IS, WHOLE) is None


def test_a_picture_without_detail_is_not_compared():
    plain = np.full((100, 100), 7, np.uint8)
    assert align(plain, plain, AS_IS, WHOLE) is None


def page(seed, menu=""):
    """A page of words, or a window of a program, of 1,000 x 1,200 pixels."""
    random, words = (
        np.random.default_rng(seed),
        ["dog", "cat", "horse", "beach", "snow", "water", "tree"],
    )
    picture = Image.new("L", (1000, 1200), 240)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(22)
    draw.rectangle((0, 0, 1000, 50 if menu else 0), fill=60)
    draw.text((10, 10), menu, fill=255, font=font)
    for y in range(80, 1150, 34):
        draw.text((80, y), " ".join(random.choice(words, 13)), fill=0, font=font)
    picture.thumbnail((512, 512))
    return np.asarray(picture)


@pytest.mark.parametrize("menu", ["", "File Edit View Help"])
def test_pages_that_differ_in_their_words_alone_do_not_agree(menu):
    for seed in range(1, 4):
        found = align(page(0, menu), page(seed, menu), AS_IS, WHOLE, DETAIL)
        assert found is None or found.detail < DETAIL
    half = np.asarray(Image.fromarray(page(0, menu)).reduce(2))
    assert align(page(0, menu), half, AS_IS, WHOLE, DETAIL).detail > DETAIL
