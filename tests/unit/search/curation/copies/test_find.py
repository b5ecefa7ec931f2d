"""What is said of copies that do not follow from the image to keep."""

from pathlib import Path

import numpy as np

from splicedex.indexer.payload.fingerprint import unpack
from splicedex.search.curation.copies.find import relations_of
from splicedex.search.curation.copies.images import Images
from splicedex.search.curation.copies.judge import Link
from splicedex.search.curation.copies.relation import Relation

GREYED = Relation(("greyed",), "greyed", "pixels")
SHRUNK = Relation(("shrunk",), "shrunk to 1/2", "pixels")


def test_it_names_the_image_that_they_follow_from_or_that_follows_from_them():
    images = Images(
        ids=["a", "b", "c"],
        files=[Path("gone/a.jpg"), Path("gone/b.jpg"), Path("gone/c.jpg")],
        hashes=["1", "2", "3"],
        pixels=np.full(3, 100),
        prints=unpack([None] * 3),
        known=np.zeros(3, np.bool_),
        vectors=None,
    )
    links = [Link(0, 1, GREYED), Link(1, 2, SHRUNK)]
    said = relations_of(images, links, [(0, 1), (0, 2), (2, 0)])
    assert said[0, 1] == GREYED
    assert said[0, 2] == Relation(("shrunk",), "shrunk to 1/2 (of b.jpg)", "pixels")
    assert said[2, 0].says == "b.jpg is a copy of it: greyed"
