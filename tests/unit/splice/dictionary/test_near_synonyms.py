import numpy as np
import pytest

from splicedex.splice.dictionary.near_synonyms import (
    MIN_COSINE,
    all_near_synonyms,
    near_synonyms,
)
from tests.photos import make_space

SPACE = make_space()


def test_all_near_synonyms_are_those_of_each_concept():
    found = all_near_synonyms(SPACE)
    assert len(found.starts) == len(SPACE.concepts) + 1
    for concept in range(len(SPACE.concepts)):
        part = slice(found.starts[concept], found.starts[concept + 1])
        weights = dict(
            zip(found.concepts[part].tolist(), found.weights[part].tolist(), strict=True)
        )
        assert weights == pytest.approx(near_synonyms(SPACE, concept), abs=1e-6)


def test_near_synonyms_are_close_in_aligned_space():
    dog = SPACE.ids["dog"]
    found = near_synonyms(SPACE, dog)
    cosines = SPACE.atoms @ SPACE.atoms[dog]
    assert set(found) == set(np.flatnonzero(cosines > MIN_COSINE))
    assert next(iter(found)) == dog
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert SPACE.ids["puppy"] in found
