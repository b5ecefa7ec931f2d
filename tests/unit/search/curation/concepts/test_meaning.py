"""What labels name in any form, and what belongs with them."""

import numpy as np
import pytest

from splicedex.search.curation.concepts.lines import lines
from splicedex.search.curation.concepts.meaning import Meanings
from splicedex.splice.align import unit
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.noun_links import noun_links
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.dictionary.word_frequency import bundled_frequency

NAMES = (
    "horse", "pony", "animal", "saddle", "horse cart", "painting", "snow", "skis", "car", "bumper",
    "truck", "vehicle", "tree", "women", "dress",
)  # fmt: skip


@pytest.fixture(scope="module")
def space():
    texts = unit(np.random.default_rng(1).normal(size=(len(NAMES), 64)) + 2)
    return ConceptSpace(NAMES, texts, np.zeros(64, np.float32))


@pytest.fixture(scope="module")
def meanings(space):
    return Meanings(space, Lexicon.of_space(space, bundled_frequency()), None)


@pytest.mark.parametrize(
    ("label", "named", "related"),
    [
        ("horse", {"horse", "pony", "animal", "horse cart"}, {"saddle"}),
        ("Horses", {"horse", "pony", "animal", "horse cart"}, {"saddle"}),
        ("snow", {"snow"}, {"skis"}),
        ("car", {"car", "bumper", "vehicle"}, set()),
        ("woman", {"women"}, {"dress"}),
    ],
)
def test_names(space, meanings, label, named, related):
    found = meanings.of(label)
    assert found.known
    assert {space.concepts[i] for i in np.flatnonzero(found.named)} == named
    assert {space.concepts[i] for i in np.flatnonzero(found.related)} >= related
    assert not (found.named & found.related).any()


def test_a_label_that_is_no_concept(space, meanings):
    found = meanings.of("cart")
    assert not found.known
    assert {space.concepts[i] for i in np.flatnonzero(found.named)} == {"horse cart"}
    assert not meanings.of("x1").named.any()


def test_kinds_make_one_line(space):
    lexicon = Lexicon.of_space(space, bundled_frequency())
    ids = [space.ids[name] for name in ("vehicle", "painting", "truck", "car", "tree")]
    named = [[space.concepts[i] for i in line] for line in lines(space, lexicon, ids)]
    assert named == [["vehicle", "truck", "car"], ["painting"], ["tree"]]


def test_links():
    assert "horse" in noun_links()["saddle"].definition
    assert "hood" in noun_links()["car"].parts
    assert "" not in noun_links()["leash"].parts
