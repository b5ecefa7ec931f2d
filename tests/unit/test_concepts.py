import pytest

from search.concepts import neighbours, resolve
from splice.errors import UserError


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
    assert found.family == {space.concepts.index(name): 1.0}


def test_a_word_that_is_only_a_part_stands_for_all_that_have_it(space):
    found = resolve(space, "hot")
    assert (found.name, found.how) == ("hot", "part")
    assert found.family == {space.ids["hot dog"]: 1.0}


@pytest.mark.parametrize(("word", "near"), [("gitar", "guitar"), ("wter", "water")])
def test_unknown_words_suggest_near_ones(space, word, near):
    with pytest.raises(UserError, match=f"unknown concept '{word}'; did you mean {near}"):
        resolve(space, word)


def test_exact_means_as_written(space):
    with pytest.raises(UserError, match="unknown concept 'dogs'"):
        resolve(space, "dogs", exact=True)


def test_neighbours_are_nearest_first_without_itself(space):
    found = neighbours(space, {0: 1.0}, 5)
    cosines = [cosine for _, _, cosine in found]
    assert cosines == sorted(cosines, reverse=True)
    assert 0 not in [i for i, _, _ in found]
    assert found[0][2] == pytest.approx(float(space.atoms[found[0][0]] @ space.atoms[0]))
