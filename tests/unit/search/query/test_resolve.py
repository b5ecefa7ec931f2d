import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.search.query.reading.word_forms import inflections
from splicedex.search.query.resolve import NEAREST, named, neighbours, resolve, suggest
from splicedex.splice.align import unit
from splicedex.splice.dictionary.near_synonyms import MIN_COSINE
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError
from tests.photos import NEAR_SYNONYMS as PLANTED
from tests.photos import make_space

WORDS = make_space()


@pytest.mark.parametrize(
    ("word", "name", "how"),
    [
        ("dog", "dog", "exact"),
        ("Dog", "dog", "exact"),
        ("dogs", "dog", "inflected"),
        ("puppies", "puppy", "inflected"),
        ("beaches", "beach", "inflected"),
        ("men", "man", "inflected"),
        ("hot  dog", "hot dog", "exact"),
    ],
)
def test_resolves(space, word, name, how):
    found = resolve(space, word)
    assert (found.name, found.how) == (name, how)
    assert found.synonyms == {space.concepts.index(name): 1.0}
    assert (found.note(space) is None) == (how == "exact")


@pytest.mark.parametrize(("near", "word"), PLANTED.items())
def test_near_synonyms_are_weighted_by_their_nearness(near, word):
    synonyms = resolve(WORDS, word).synonyms
    weights = list(synonyms.values())
    assert weights[0] == 1
    assert weights == sorted(weights, reverse=True)
    cosines = WORDS.atoms @ WORDS.atoms[WORDS.ids[word]]
    assert set(synonyms) == set(np.flatnonzero(cosines > MIN_COSINE))
    assert synonyms[WORDS.ids[near]] == pytest.approx(
        (cosines[WORDS.ids[near]] - MIN_COSINE) / (1 - MIN_COSINE), abs=1e-5
    )
    assert resolve(WORDS, word, exact=True).synonyms == {WORDS.ids[word]: 1.0}


def test_a_word_that_is_only_a_part_stands_for_all_that_have_it(space):
    found = resolve(space, "hot")
    assert (found.name, found.how) == ("hot", "part")
    assert found.synonyms == {space.ids["hot dog"]: 1.0}
    water = resolve(WORDS, "water")
    assert {WORDS.concepts[i] for i in water.synonyms} == {"water bottle", "water ski"}
    assert max(water.synonyms.values()) == 1
    told = water.note(WORDS)
    assert told is not None
    assert told.startswith("'water' is no concept here; it is read as water ")


@given(st.integers(0, len(WORDS.concepts) - 1))
def test_the_encoder_reads_a_word_by_meaning(concept):
    found = resolve(WORDS, "xyzzy", encode=lambda text: 3 * WORDS.texts[concept])
    assert found.how == "meaning"
    weights = list(found.synonyms.values())
    assert next(iter(found.synonyms)) == concept
    assert 1 <= len(weights) <= NEAREST
    assert weights[0] == 1
    assert all(0.5 < weight <= 1 for weight in weights)


def test_the_encoder_goes_before_parts_and_after_names():
    def encode(text):
        return WORDS.texts[WORDS.ids["snow"]]

    assert resolve(WORDS, "water", encode=encode).how == "meaning"
    assert resolve(WORDS, "dogs", encode=encode).how == "inflected"
    with pytest.raises(UserError, match="unknown concept"):
        resolve(WORDS, "water", exact=True, encode=encode)


def test_a_meaning_far_from_everything_is_refused():
    far = unit(WORDS.text_mean - 5 * WORDS.atoms.sum(axis=0))
    with pytest.raises(UserError, match='no concept is near; write text:"xyz zy"'):
        resolve(WORDS, "xyz zy", encode=lambda text: far)


@pytest.mark.parametrize("text", ["917", "🦤", "?!", "1,000"])
def test_what_has_no_letters_is_never_looked_up_by_its_meaning(text):
    with pytest.raises(UserError, match="unknown concept") as caught:
        resolve(WORDS, text, encode=lambda text: pytest.fail("it was embedded"))
    assert "write NAME:VALUE" in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("DÓG", "dog"), ("ｄｏｇ", "dog"), ("dog\u2019s", "dog"), ("hot-dog", "hot dog"),
        ("Hot_Dogs", "hot dog"), ("🐶", "dog"), ("🏖\ufe0f", None), ("people", "person"),
    ],
)  # fmt: skip
def test_other_letters_are_the_same_name(typed, name):
    words = ("dog", "hot dog", "person", "running", "mouse", "crème brûlée")
    space = ConceptSpace(words, np.eye(6, dtype=np.float32), np.zeros(6, np.float32))
    found = named(space, typed)
    assert (found and space.concepts[found[0]]) == name
    for form, base in (("ran", "running"), ("mice", "mouse"), ("creme brulee", "crème brûlée")):
        assert space.concepts[resolve(space, form).meant[0]] == base


def test_exact_names_are_taken_in_any_letters_but_no_other_form():
    assert resolve(WORDS, "ＤＯＧ", exact=True).name == "dog"
    assert named(WORDS, "dogs", exact=True) is None


@pytest.mark.parametrize(("word", "near"), [("gitar", "guitar"), ("wter", "water")])
def test_unknown_words_suggest_near_ones(space, word, near):
    with pytest.raises(UserError, match=f"unknown concept '{word}'; did you mean {near}"):
        resolve(space, word)
    assert suggest(space, word)[0] == near


def test_nothing_near_points_to_the_list(space):
    with pytest.raises(UserError, match="see `splicedex concepts`"):
        resolve(space, "qqqqq")


def test_exact_means_as_written(space):
    with pytest.raises(UserError, match="unknown concept 'dogs'"):
        resolve(space, "dogs", exact=True)


@given(st.text(max_size=20))
def test_any_word_is_resolved_or_refused(word):
    list(inflections(word))
    try:
        found = resolve(WORDS, word)
    except UserError:
        return
    assert all(0 < weight <= 1 for weight in found.synonyms.values())


def test_neighbours_are_nearest_first_without_itself(space):
    found = neighbours(space, {0: 1.0}, 5)
    cosines = [cosine for _, cosine in found]
    assert cosines == sorted(cosines, reverse=True)
    assert 0 not in [i for i, _ in found]
    assert found[0][1] == pytest.approx(float(space.atoms[found[0][0]] @ space.atoms[0]))
    assert len(neighbours(space, {0: 1.0, 3: 0.5}, 100)) == len(space.concepts) - 2
