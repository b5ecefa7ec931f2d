import pytest

from splicedex.search.query.reading.word_forms import emoji_names, inflections


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("children", "child"), ("child", "children"), ("people", "person"), ("person", "people"),
        ("mice", "mouse"), ("geese", "goose"), ("leaves", "leaf"), ("women", "woman"),
        ("ran", "run"), ("ran", "running"), ("running", "run"), ("run", "running"),
        ("swam", "swimming"), ("ate", "eating"), ("wolves", "wolf"), ("buses", "bus"),
        ("parties", "party"), ("swimming pools", "swimming pool"), ("snow men", "snow man"),
        ("jumped", "jump"), ("riding", "ride"), ("hopping", "hop"),
    ],
)  # fmt: skip
def test_forms(word, form):
    assert form in list(inflections(word))


def test_a_word_is_no_other_form_of_itself():
    for word in ("sheep", "fish", "", "s", "a b", "ing"):
        assert word not in list(inflections(word))
        assert "" not in list(inflections(word))


@pytest.mark.parametrize(
    ("emoji", "name"),
    [("🐶", "dog"), ("🐕", "dog"), ("🐱", "cat"), ("🚲", "bicycle"), ("🌲", "evergreen tree")],
)
def test_emoji_are_what_they_show(emoji, name):
    assert name in list(emoji_names(emoji))


@pytest.mark.parametrize("text", ["", "a", "dog", "🐶🐱", "?", "2"])
def test_other_text_is_no_emoji(text):
    assert list(emoji_names(text)) == []
