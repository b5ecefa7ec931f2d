"""Where a crop was cut out, by fingerprints alone."""

import numpy as np
import pytest

from splicedex.indexer.payload.fingerprint import fingerprint, unpack
from splicedex.search.curation.copies.judge import COARSE, PART
from splicedex.search.curation.copies.symmetry import SYMMETRIES
from splicedex.search.curation.copies.windows import WHOLE, coarse, fine
from tests.real_photos import COLOURED, GREY, cut, photo

ALL = (*COLOURED, *GREY)


@pytest.mark.parametrize("window", [(0, 0, 0.8, 0.8), (0.1, 0.2, 0.75, 0.7), (0.2, 0, 0.8, 1)])
@pytest.mark.parametrize("name", ALL)
def test_a_crop_is_found_where_it_was_cut(name, window):
    part = cut(photo(name), *window)
    whole, crop = unpack([fingerprint(photo(name)), fingerprint(part)]).coefficients
    for way in SYMMETRIES:
        turned = way.undo_coefficients(crop)[None]
        assert coarse().best(whole, coarse().ways(turned))[0][0] >= COARSE
        cosine, row, _ = fine().best(whole, fine().ways(turned))
        assert cosine[0] >= PART
        found = fine().windows[row[0]]
        assert [found.x, found.y, found.width, found.height] == pytest.approx(window, abs=0.08)


def test_another_photo_is_found_nowhere():
    prints = unpack([fingerprint(photo(name)) for name in ALL]).coefficients
    for row in range(len(ALL)):
        others = np.delete(prints, row, axis=0)
        assert fine().best(prints[row], fine().ways(others))[0].max() < PART


def test_the_grid_holds_the_whole():
    assert WHOLE in fine().windows
    assert WHOLE in coarse().windows
    assert all(0 <= one.x <= 1 - one.width + 1e-9 for one in fine().windows)
