import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.splice.align import unit
from splicedex.splice.dictionary.kinds import kinds_of
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.dictionary.word_frequency import WordFrequency
from splicedex.splice.presence.activation import Activations
from splicedex.splice.presence.calibration import specificity
from splicedex.splice.presence.shows import (
    BEST,
    COMMON,
    GENERAL,
    LIKELY,
    MOST,
    OWN,
    POWER,
    SAID,
    SCALE,
    SHIFT,
    SPECIFICITY,
    SURE,
    Shows,
)

NAMES = ("dog", "collie", "poodle", "dalmatian", "canine", "couch", "sofa", "tree", "hammer", "car",
         "nosebag")  # fmt: skip
SHARES = {"dog": 0.1, "collie": 0.02, "poodle": 0.02, "dalmatian": 0.02, "couch": 0.05,
          "sofa": 0.01, "tree": 0.1, "hammer": 0.01, "car": 0.1}  # fmt: skip


@pytest.fixture(scope="module")
def space():
    random = np.random.default_rng(5)
    texts = unit(random.normal(size=(len(NAMES), 16)).astype(np.float32))
    return ConceptSpace(NAMES, texts, (0.1 * texts.mean(axis=0)).astype(np.float32))


@pytest.fixture(scope="module")
def shows(space):
    return Shows.of_space(space, Lexicon.of_space(space, WordFrequency("test", SHARES)))


def images(count, seed=0):
    return unit(np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32))


def reference(space, shares, embeddings):
    """Every probability, straight from the definition."""
    share = Lexicon.of_space(space, WordFrequency("test", shares)).frequency
    kinds, seen = kinds_of(space).toarray(), Activations.of_words(space)
    activations = seen.of(embeddings)
    for word in range(len(share)):
        proper = np.flatnonzero((kinds[word] > 0) & (kinds[:, word] == 0))
        if len(proper) >= GENERAL and share[word] >= COMMON:
            best = seen.of(embeddings)[:, proper].max(axis=1)
            activations[:, word] = OWN * activations[:, word] + (1 - OWN) * (best - BEST)
    odds = SCALE * activations + np.log(share) + SHIFT - SPECIFICITY * specificity(space)
    own = 1 / (1 + np.exp(-odds))
    absent = np.ones(own.shape)
    for broader in range(len(share)):
        for kind in range(len(share)):
            if kind == broader or (kinds[broader, kind] and share[broader] >= COMMON):
                likely = np.where(own[:, kind] >= LIKELY, own[:, kind], 0)
                absent[:, broader] *= 1 - likely**POWER
    return (1 - absent) ** (1 / POWER)


def test_as_defined(space, shows):
    embeddings = images(300)
    expected = reference(space, SHARES, embeddings)
    names = shows.names
    for row, said in zip(expected, shows.shown(embeddings), strict=True):
        best = {}
        for concept in np.flatnonzero(row >= SAID):
            best[names[concept]] = max(best.get(names[concept], 0), row[concept])
        assert dict(zip(said.concepts, said.probabilities, strict=True)) == pytest.approx(
            best, abs=0.011
        )
        assert list(said.probabilities) == sorted(said.probabilities, reverse=True)


def test_a_rare_word_is_not_said_for_its_kinds(space, shows):
    """A collie is a canine, but nobody says so."""
    row = NAMES.index("canine")
    assert shows.counting[[row]].indices.tolist() == [row]
    assert shows.counting[[NAMES.index("dog")]].nnz == 3


def test_one_thing_is_told_once(space, shows):
    sofa, couch = NAMES.index("sofa"), NAMES.index("couch")
    assert shows.names[sofa] == shows.names[couch] == couch
    said = shows.shown(space.texts[[sofa]])[0]
    assert couch in said.concepts
    assert sofa not in said.concepts


@given(st.integers(1, 700), st.integers(0, 9))
def test_an_image_shows_the_same_whatever_is_with_it(shows, count, seed):
    embeddings = images(count, seed)
    alone = shows.shown(embeddings[:1])[0]
    among = shows.shown(embeddings)[0]
    together = dict(zip(among.concepts, among.probabilities, strict=True))
    for concept, probability in zip(alone.concepts, alone.probabilities, strict=True):
        assert together.get(concept, SAID) == pytest.approx(probability, abs=0.011)
    assert len(among.concepts) <= MOST


def test_no_images(shows):
    assert shows.shown(np.zeros((0, 16), np.float32)) == []


def test_what_is_sure_counts_a_thing_as_named_where_a_kind_of_it_is(space, shows):
    embeddings = images(300)
    share = Lexicon.of_space(space, WordFrequency("test", SHARES)).frequency
    dog, canine, collie = (NAMES.index(name) for name in ("dog", "canine", "collie"))
    things = np.flatnonzero(kinds_of(space).toarray()[dog])
    assert {dog, collie} < set(things)
    things = [one for one in things if one != canine]  # the same thing as a dog
    expected = 1 - np.prod(1 - share[things])
    assert shows.asked[dog] == pytest.approx(np.log(expected / share[dog]), rel=1e-4)
    assert shows.asked[collie] == pytest.approx(0, abs=1e-6)
    odds = shows._odds(embeddings) + shows.asked
    sure = [set(one.surely) for one in shows.shown(embeddings)]
    assert any(sure)
    for row, some in enumerate(sure):
        assert some == set(np.flatnonzero(odds[row] >= np.log(SURE / (1 - SURE))).tolist())
