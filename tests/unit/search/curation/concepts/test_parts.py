"""Parts of a subset that nobody named."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.search.curation.concepts import parts
from splicedex.search.curation.subsets.subset import Subset
from splicedex.splice.align import unit
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.dictionary.word_frequency import bundled_frequency

NAMES = ("person", "animal", "dog", "puppy", "cat", "horse", "car", "table", "hat")


@dataclass
class Counted:
    """An index of which only the words and how many images show each are known."""

    space: ConceptSpace
    lexicon: Lexicon
    images: np.ndarray

    @property
    def counts(self):
        return self

    def of(self, passing=None):
        return self.images


@pytest.fixture(scope="module")
def space():
    rows = unit(np.eye(len(NAMES), dtype=np.float32) + 0.01)
    return ConceptSpace(NAMES, rows, np.zeros(len(NAMES), np.float32))


@pytest.fixture(scope="module")
def lexicon(space):
    return Lexicon.of_space(space, bundled_frequency())


@pytest.mark.parametrize(
    ("shown", "named", "expected"),
    [
        # "animal" is general here; nearly all images show a person; few show a hat
        ({"person": 95, "animal": 60, "dog": 40, "cat": 20, "car": 9, "hat": 4}, (), "dog cat car"),
        # all animals are dogs: "animal" comes first and tells enough
        ({"animal": 60, "dog": 58, "car": 30}, (), "animal car"),
        # a puppy is a dog, and there are few of them
        ({"dog": 50, "puppy": 20, "table": 10}, (), "dog table"),
        # the query decides who shows a dog
        ({"animal": 70, "dog": 60, "puppy": 20, "horse": 20}, ("dog",), "puppy horse"),
        ({"dog": 4}, (), ""),
    ],
)
def test_parts(space, lexicon, shown, named, expected):
    images = np.array([shown.get(name, 0) for name in NAMES])
    index = Counted(space, lexicon, images)
    chosen = Subset("", None, 100, words=named)
    found = parts.shown_parts(index, chosen)
    assert found == [f'shows:"{name}"' for name in expected.split()]


@given(
    images=st.lists(st.integers(0, 100), min_size=len(NAMES), max_size=len(NAMES)),
    named=st.frozensets(st.sampled_from(NAMES), max_size=2),
)
def test_no_part_holds_another(space, lexicon, images, named):
    index = Counted(space, lexicon, np.array(images))
    found = parts.shown_parts(index, Subset("", None, 100, words=tuple(named)))
    taken = [NAMES.index(query[len('shows:"') : -1]) for query in found]
    kinds = index.lexicon.kinds.toarray()[np.ix_(taken, taken)]
    assert (kinds == np.eye(len(taken))).all()
    assert not named & {NAMES[concept] for concept in taken}
    counts = [images[concept] for concept in taken]
    assert counts == sorted(counts, reverse=True)
    assert all(parts.FEWEST <= count <= 100 * parts.NEARLY_ALL for count in counts)
