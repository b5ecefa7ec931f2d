import numpy as np
import pytest

from splicedex.splice.align import unit
from splicedex.splice.dictionary.kinds import FEWEST, kinds_of
from splicedex.splice.dictionary.space import ConceptSpace

ANIMALS = ("dog", "collie", "puppies", "cat", "horse", "sparrow", "salmon", "beetle")
MACHINES = ("screwdriver", "laptop", "truck", "motorcycle", "wristwatch", "helicopter")
ARTIFACTS = ("couch", "sofa", "chair", "furniture", "bicycle", "vehicle", "toaster", *MACHINES)
OTHERS = ("qwxz", "person", "cardiologist", "plumber", "children", "saleswoman", "nun")


def space_of(names, axes):
    """Each concept near one of some orthogonal axes."""
    random = np.random.default_rng(3)
    texts = 0.02 * random.normal(size=(len(names), 24))
    texts[np.arange(len(names)), axes] += 1
    return ConceptSpace(tuple(names), unit(texts.astype(np.float32)), np.zeros(24, np.float32))


@pytest.fixture(scope="module")
def pairs():
    names = ANIMALS + ARTIFACTS + OTHERS
    axes = [0] * len(ANIMALS) + [1] * len(ARTIFACTS) + [2] * len(OTHERS)
    broader, kind = kinds_of(space_of(names, axes)).tocoo().coords
    return {(names[i], names[j]) for i, j in zip(broader, kind, strict=True)}


def test_kinds_and_kinds_of_kinds(pairs):
    assert {("dog", "collie"), ("furniture", "chair"), ("vehicle", "bicycle")} <= pairs
    assert ("collie", "dog") not in pairs
    assert ("dog", "cat") not in pairs


def test_every_concept_is_a_kind_of_itself(pairs):
    assert all((name, name) in pairs for name in ANIMALS + ARTIFACTS + OTHERS)
    assert [pair for pair in pairs if "qwxz" in pair] == [("qwxz", "qwxz")]


def test_names_of_one_thing_are_kinds_of_each_other(pairs):
    assert {("couch", "sofa"), ("sofa", "couch"), ("furniture", "sofa")} <= pairs


def test_plurals_regular_and_irregular(pairs):
    assert ("dog", "puppies") in pairs
    assert ("person", "children") in pairs


def test_the_embedding_chooses_the_sense(pairs):
    """WordNet's first toaster proposes a toast."""
    assert ("person", "toaster") not in pairs
    names = (*OTHERS, "toaster", *MACHINES[:FEWEST])
    axes = [2] * (len(OTHERS) + 1) + [1] * FEWEST
    kinds = kinds_of(space_of(names, axes)).toarray()
    assert kinds[names.index("person"), names.index("toaster")]
