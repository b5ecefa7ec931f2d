"""What was done to a copy, in words."""

import math

import pytest

from splicedex.search.curation.copies.relation import relation
from splicedex.search.curation.copies.symmetry import Symmetry
from splicedex.search.curation.copies.windows import WHOLE, Window

AS_IS = Symmetry(False, False, False)
RIGHT = Symmetry(True, False, True)
NAN = math.nan


@pytest.mark.parametrize(
    ("way", "window", "angle", "scale", "colours", "says"),
    [
        (AS_IS, WHOLE, 0.1, 1.0, (30, 28), "re-encoded"),
        (AS_IS, WHOLE, 0, 0.25, (30, 28), "shrunk to 1/4"),
        (AS_IS, WHOLE, 0, 0.333, (30, 0), "greyed, shrunk to 1/3"),
        (AS_IS, WHOLE, 0, 0.62, (1, 0), "shrunk to 62%"),
        (AS_IS, WHOLE, 0, 2.0, (30, 30), "enlarged to 200%"),
        (AS_IS, Window(0, 0, 0.8, 0.9), 0, 1.02, (30, 30), "cropped to 72%"),
        (RIGHT, WHOLE, 0, 1, (30, 30), "turned 90° right"),
        (RIGHT, WHOLE, -5.2, 1, (30, 30), "turned 90° right and 5° left"),
        (AS_IS, WHOLE, 3.1, None, (NAN, 0), "turned 3° right"),
        (Symmetry(False, True, True), WHOLE, 0, 1, (30, 30), "turned 180°"),
        (Symmetry(True, True, False), WHOLE, 0, 1, (9, 9), "turned 90° left"),
        (Symmetry(True, True, True), WHOLE, 0, 1, (9, 9), "turned 90° right, mirrored upside down"),
        (Symmetry(False, True, False), WHOLE, 0, 1, (4, 2), "mirrored upside down"),
        (AS_IS, WHOLE, 0, 0.125, (3, 1), "shrunk to 1/8"),  # pale colours fade
    ],
)  # fmt: skip
def test_words(way, window, angle, scale, colours, says):
    found = relation(way, window, angle, scale, colours, "pixels")
    assert found.says == says
    assert len(found.kinds) == says.count(",") + 1
