"""The eight ways to turn a picture, by the names of Pillow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from splicedex.search.curation.copies.symmetry import SYMMETRIES, best_symmetry, invariants
from splicedex.splice.align import unit

FLIP = Image.Transpose
NAMES = {
    None: ("", ""),
    FLIP.FLIP_LEFT_RIGHT: ("", "left to right"),
    FLIP.FLIP_TOP_BOTTOM: ("", "upside down"),
    FLIP.ROTATE_180: ("180°", ""),
    FLIP.ROTATE_90: ("left", ""),  # Pillow turns counter-clockwise
    FLIP.ROTATE_270: ("right", ""),
    FLIP.TRANSPOSE: ("right", "left to right"),
    FLIP.TRANSVERSE: ("right", "upside down"),
}


@pytest.mark.parametrize("flip", NAMES)
def test_names(flip):
    before = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3))
    after = before if flip is None else before.transpose(flip)
    (way,) = [
        one for one in SYMMETRIES if np.array_equal(one.undo(np.asarray(after)), np.asarray(before))
    ]
    assert (way.turned, way.reflected) == NAMES[flip]


pictures = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).normal(size=(1, 16, 16)).astype(np.float32)
)


@given(one=pictures, way=st.sampled_from(SYMMETRIES))
def test_invariants_are_the_same_however_a_picture_is_turned(one, way):
    np.testing.assert_allclose(invariants(way.undo_coefficients(one)), invariants(one))
    one /= np.linalg.norm(one)
    cosine, found = best_symmetry(way.undo_coefficients(one), one)
    assert cosine[0] == pytest.approx(1, abs=1e-5)
    assert SYMMETRIES[found[0]] == way


@given(one=pictures, other=pictures, share=st.floats(0, 1))
def test_invariants_are_never_farther_apart_than_the_pictures(one, other, share):
    other = share * other + (1 - share) * one
    one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
    bound = (unit(invariants(one)) * unit(invariants(other))).sum()
    assert bound >= best_symmetry(one, other)[0][0] - 1e-5
