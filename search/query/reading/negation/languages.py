"""Which language a sentence with negation is in."""

from __future__ import annotations

import re

from splicedex.search.query.reading.negation.english import ENGLISH
from splicedex.search.query.reading.negation.french import FRENCH
from splicedex.search.query.reading.negation.german import GERMAN
from splicedex.search.query.reading.negation.language import Language, Words
from splicedex.search.query.reading.negation.spanish import SPANISH

LANGUAGES = (ENGLISH, GERMAN, FRENCH, SPANISH)
"""The languages that are read, the first wins where several fit."""


def _telling() -> frozenset[str]:
    """A word of each cue, without which it cannot be in a sentence; rather not a frequent one."""
    cues = {cue for language in LANGUAGES for cue in language.cues}
    common = {word for language in LANGUAGES for word in language.common}

    def telling(cue: Words) -> str:
        return min(cue, key=lambda word: ((word,) not in cues, word in common, -len(word)))

    return frozenset(map(telling, cues))


_TELLING = _telling()
_WORDS = re.compile(r"\w[\w'/-]*")


def may_negate(sentence: str) -> bool:
    """Whether a sentence has a word that negation needs. It takes microseconds."""
    folded = sentence.casefold().replace("’", "'")
    if not _TELLING.isdisjoint(_WORDS.findall(folded)):
        return True
    return "-free" in folded or "-frei" in folded


def language_of(words: list[str]) -> Language:
    """The language of a sentence: the one with most of its frequent words and cues."""

    def fits(language: Language) -> int:
        return sum((word in language.common) + ((word,) in language.cues) for word in words)

    return max(LANGUAGES, key=fits)
