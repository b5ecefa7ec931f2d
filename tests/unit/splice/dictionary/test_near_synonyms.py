import numpy as np
import pytest

from splicedex.splice.dictionary.near_synonyms import KIN, all_near_synonyms, near_synonyms
from tests.photos import make_space

SPACE = make_space()


def test_kinship_is_every_family():
    found = all_near_synonyms(SPACE)
    assert len(found.starts) == len(SPACE.concepts) + 1
    for concept in range(len(SPACE.concepts)):
        part = slice(found.starts[concept], found.starts[concept + 1])
        kin = dict(zip(found.concepts[part].tolist(), found.weights[part].tolist(), strict=True))
        assert kin == pytest.approx(near_synonyms(SPACE, concept), abs=1e-6)


def test_a_family_is_what_lies_near_in_aligned_space():
    dog = SPACE.ids["dog"]
    found = near_synonyms(SPACE, dog)
    cosines = SPACE.atoms @ SPACE.atoms[dog]
    assert set(found) == set(np.flatnonzero(cosines > KIN))
    assert next(iter(found)) == dog
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert SPACE.ids["puppy"] in found
