"""Pictures laid over others."""

import numpy as np
import pytest
from PIL import Image

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
