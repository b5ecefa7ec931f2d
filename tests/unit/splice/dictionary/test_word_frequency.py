import sys
from importlib import metadata
from types import ModuleType

import pytest

from splicedex.splice.dictionary.word_frequency import (
    COMPOUND,
    UNKNOWN,
    WORDS,
    WordFrequency,
    bundled_frequency,
    find_frequency,
    load_frequency,
)
from splicedex.splice.errors import UserError


def test_words_of_captions_are_more_frequent_than_words_of_dictionaries():
    dog, collie, nosebag, nonsense = bundled_frequency().of(["dog", "collie", "nosebag", "qwxz"])
    assert dog > 10 * collie > collie > nosebag
    assert nosebag >= nonsense == pytest.approx(UNKNOWN)


@pytest.mark.parametrize(
    ("rarer", "word"),
    [
        ("giraffe", "chair"),  # of which one set of captions has many
        ("microphone", "book"),
        ("lighthouse", "hat"),
        ("dog", "man"),
        ("seashore", "beach"),
    ],
)
def test_no_one_set_of_captions_decides(rarer, word):
    few, many = bundled_frequency().of([rarer, word])
    assert few < many


def test_other_names_of_a_thing_are_nearly_as_frequent():
    table = bundled_frequency()
    glasses, spectacles, mitt, hand = table.of(["glasses", "spectacles", "mitt", "hand"])
    assert 0.8 * glasses < spectacles < glasses
    assert mitt < 0.1 * hand  # it has other senses, so people may not say it of hands


def test_case_does_not_matter():
    assert bundled_frequency().of(["Dog"]) == bundled_frequency().of(["dog"])


def test_a_compound_is_rarer_than_its_rarest_word():
    table = WordFrequency("test", {"tennis": 0.02, "racket": 0.01, "hot dog": 0.5})
    compound, hyphened, listed, unknown = table.of(
        ["tennis racket", "tennis-racket", "hot dog", "tennis qwxz"]
    )
    assert compound == hyphened == pytest.approx(UNKNOWN + COMPOUND * 0.01)
    assert listed == pytest.approx(UNKNOWN + 0.5)
    assert unknown == pytest.approx(UNKNOWN)


def test_a_table_of_counts(tmp_path):
    path = tmp_path / "counts.tsv"
    path.write_text("Hund\t30\nKatze\t10\n\nhund\t10\nSankt  Bernhard\t1\n", "utf-8")
    table = load_frequency(path)
    assert table.of(["hund", "katze", "sankt bernhard"]).tolist() == pytest.approx(
        [1 + UNKNOWN, 0.25 + UNKNOWN, 0.025 + UNKNOWN]
    )


@pytest.mark.parametrize("line", ["dog", "dog 3", "dog\tmany", "dog\t0", "dog\tnan", "dog\tinf"])
def test_a_line_that_is_no_count_is_named(tmp_path, line):
    path = tmp_path / "counts.tsv"
    path.write_text(f"cat\t2\n{line}\n", "utf-8")
    with pytest.raises(UserError, match="line 2"):
        load_frequency(path)


def test_no_table(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        load_frequency(tmp_path / "none")
    (tmp_path / "empty").write_text("\n", "utf-8")
    with pytest.raises(UserError, match="hold no word"):
        load_frequency(tmp_path / "empty")


@pytest.fixture
def languages(monkeypatch):
    """A stand-in for wordfreq with one language."""
    module = ModuleType("wordfreq")
    module.available_languages = lambda: {"de": "somewhere"}
    module.get_frequency_dict = lambda language: {"hund": 7e-5, "der": 0.08}
    monkeypatch.setitem(sys.modules, "wordfreq", module)
    monkeypatch.setattr(metadata, "version", lambda name: "3.1.1")


@pytest.mark.usefixtures("languages")
def test_a_language():
    found = find_frequency("de")
    assert found.source == "wordfreq de 3.1.1"
    assert found.of(["Hund"])[0] == pytest.approx(UNKNOWN + WORDS * 7e-5)
    assert found.shares["der"] == 1
    with pytest.raises(UserError, match="no word frequencies of the language 'xx'"):
        find_frequency("xx")


def test_languages_need_a_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "wordfreq", None)
    with pytest.raises(UserError, match="need wordfreq") as refused:
        find_frequency("de")
    assert "splicedex[languages]" in refused.value.hint


def test_a_file_goes_before_a_language(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "de").write_text("dog\t3\n")
    assert find_frequency("de").shares == {"dog": 1}
    with pytest.raises(UserError, match="cannot be read"):
        find_frequency("missing.txt")
