"""Fingerprints: of turned photos, beside pHash, and what is no fingerprint."""

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from splicedex.indexer.payload.fingerprint import KEPT, WEIGHTS, fingerprint, is_fingerprint, unpack
from splicedex.search.curation.copies.symmetry import SYMMETRIES
from tests.real_photos import COLOURED, GREY, photo


def coefficients(*pictures):
    return unpack([fingerprint(picture) for picture in pictures]).coefficients


@given(
    seed=st.integers(0, 2**32 - 1),
    size=st.tuples(st.integers(40, 300), st.integers(40, 300)),
    way=st.sampled_from(SYMMETRIES),
)
def test_the_fingerprint_of_a_turned_photo_is_the_turned_fingerprint(seed, size, way):
    random = np.random.default_rng(seed)
    small = Image.fromarray(random.integers(0, 256, (9, 9, 3), dtype=np.uint8))
    picture = small.resize(size, Image.Resampling.BICUBIC)
    back = np.stack([way.undo(channel) for channel in np.moveaxis(np.asarray(picture), 2, 0)], 2)
    turned, undone = coefficients(picture, Image.fromarray(back))
    assert np.vdot(way.undo_coefficients(turned), undone) > 0.999


@pytest.mark.parametrize("name", [*COLOURED, *GREY])
def test_signs_are_those_of_phash(name):
    ours = coefficients(photo(name))[0] / WEIGHTS
    theirs = imagehash.phash(photo(name), hash_size=KEPT, highfreq_factor=2).hash
    assert (theirs == (ours > np.median(ours)))[1:, 1:].mean() > 0.97


@pytest.mark.parametrize("quality", [30, 90])
def test_a_photo_that_was_encoded_again_has_nearly_the_same(quality, tmp_path):
    for name in COLOURED:
        photo(name).reduce(2).save(tmp_path / "again.jpg", quality=quality)
        with Image.open(tmp_path / "again.jpg") as again:
            one, other = coefficients(photo(name), again.convert("RGB"))
        assert np.vdot(one, other) > 0.99


def test_colour():
    found = unpack([fingerprint(photo(COLOURED[0])), fingerprint(photo(GREY[0])), None])
    assert found.colour[0] > 10
    assert found.colour[1] == 0
    assert np.isnan(found.colour[2])
    assert found.known.tolist() == [True, True, False]
    assert found.missing.tolist() == [False, False, True]


def test_that_of_a_plain_photo_shows_nothing():
    plain = unpack([fingerprint(Image.new("RGB", (50, 40), "white"))])
    assert not plain.known.any()
    assert not plain.missing.any()
    assert len(unpack([]).known) == 0


def test_is_fingerprint():
    whole = fingerprint(photo(GREY[0]))
    assert is_fingerprint(whole)
    for wrong in (None, 7, "", whole[:-4], "é" + whole[1:], f" {whole}", [whole]):
        assert not is_fingerprint(wrong)
