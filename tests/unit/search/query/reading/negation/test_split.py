"""The grammar of negation, on phrasings that were written before it: `phrasings.tsv`."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splicedex.search.query.reading.negation.languages import LANGUAGES, may_negate
from splicedex.search.query.reading.negation.split import split

PHRASINGS = [
    line.split("\t")
    for line in Path(__file__).with_name("phrasings.tsv").read_text("utf-8").splitlines()
    if not line.startswith("#")
]
WORDS = sorted({word for row in PHRASINGS for word in row[2].split()})


@pytest.mark.parametrize(("sentence", "affirmed", "denied"), [row[2:] for row in PHRASINGS])
def test_takes_a_sentence_apart(sentence, affirmed, denied):
    found = split(sentence)
    if not denied:
        assert found is None
        return
    assert found is not None
    assert found.affirmed.casefold().strip(" .") == affirmed.casefold().strip()
    assert [one.what.casefold() for one in found.denied] == denied.casefold().split("|")


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=40))
@settings(max_examples=500)
def test_what_is_left_denies_nothing(sentence):
    found = split(sentence)
    if found is None:
        return
    assert found.denied
    assert len(found.masked) == len(sentence)
    left = zip(found.masked, sentence, strict=True)
    assert all(kept in {" ", typed} for kept, typed in left)
    assert split(found.masked) is None
    for one in found.denied:
        assert 0 <= one.at < len(sentence)
        assert one.what.strip()


def test_sentences_without_negating_words_are_not_looked_at():
    assert not may_negate("a dog on the beach, with a cat and a ball at noon")
    assert may_negate("a dog that isn’t black")


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda one: one.name)
def test_tables_are_in_lower_case_and_agree(language):
    for cue in language.cues:
        assert all(word == word.casefold() for word in cue)
    assert not language.leads & {cue[0] for cue in language.nouns if len(cue) == 1} - {"exclude"}
    assert not language.determiners & language.either
