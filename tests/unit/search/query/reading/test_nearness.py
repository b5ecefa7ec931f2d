import numpy as np
import pytest

from splicedex.search.query.reading.nearness import LEAST, near_enough
from splicedex.search.query.resolve import resolve
from splicedex.splice.align import unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError


def space_of(vectors):
    names = tuple(f"word {i}" for i in range(len(vectors)))
    return ConceptSpace(names, unit(vectors.astype(np.float32)), np.zeros(vectors.shape[1]))


def test_near_is_as_near_as_most_concepts_are_to_the_next():
    random = np.random.default_rng(0)
    centres = np.repeat(random.normal(size=(100, 32)), 4, axis=0)
    space = space_of(centres + random.normal(size=centres.shape) * 0.3)
    cosines = space.atoms @ space.atoms.T
    np.fill_diagonal(cosines, -1)
    assert near_enough(space) == pytest.approx(float(np.median(cosines.max(axis=1))), abs=1e-4)


def test_in_a_small_vocabulary_what_is_far_is_still_refused():
    space = space_of(np.eye(4, 8))
    assert near_enough(space) == LEAST
    other = np.eye(8, dtype=np.float32)[6]
    with pytest.raises(UserError, match="no concept is near"):
        resolve(space, "lorry", encode=lambda _: other)
    assert resolve(space, "lorry", encode=lambda _: space.texts[2]).how == "meaning"
