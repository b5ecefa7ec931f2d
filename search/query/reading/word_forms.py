"""Other forms of an English word: plural and singular, forms of verbs, the names of emoji.

Irregular forms come from WordNet 3.0; `tools/word_tables.py` makes the tables.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from splicedex.splice.dictionary.tables import table_lines

_IRREGULAR = {"people": ["person"], "persons": ["person", "people"]}
"""Plurals that WordNet has as words of their own."""
_VARIANTS = {0xFE0E, 0xFE0F, 0x200D, *range(0x1F3FB, 0x1F400)}
"""What chooses the look of an emoji: text or picture, the colour of the skin."""


def inflections(word: str) -> Iterator[str]:
    """Possible other forms of an English noun or verb, most likely first.

    Args:
        word: The word in lower case; of several words, the last is inflected.
    """
    before, space, last = word.rpartition(" ")
    for form in dict.fromkeys(_forms(last)):
        if form and form != last:
            yield f"{before}{space}{form}"


def also_called(word: str) -> Iterator[str]:
    """Plurals and singulars of a noun that are words of their own: people, of person."""
    yield from _IRREGULAR.get(word, ())
    yield from (plural for plural, single in _IRREGULAR.items() if word in single)


def singulars(word: str) -> Iterator[str]:
    """Possible singulars of an English noun; of a phrase, of its last word."""
    before, space, last = word.rpartition(" ")
    for form in _singular(last):
        yield f"{before}{space}{form}"


def emoji_names(text: str) -> Iterator[str]:
    """What a single emoji shows, most exact first: "dog face", "dog"."""
    shown = [c for c in text.strip() if ord(c) not in _VARIANTS]
    if len(shown) != 1 or unicodedata.category(shown[0]) != "So":
        return
    name = unicodedata.name(shown[0], "").casefold()
    if name:
        yield name
        yield name.removesuffix(" face").removesuffix(" symbol").removeprefix("black ")


def _forms(word: str) -> Iterator[str]:
    bases, irregular = _tables()
    yield from bases.get(word, ())
    yield from _singular(word)
    yield from _stems(word)
    yield from irregular.get(word, ())
    yield from _endings(word)
    for base in bases.get(word, ()):  # ran, run, running
        yield from irregular.get(base, ())
        yield from _endings(base)


def _singular(word: str) -> Iterator[str]:
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith("ves"):
        yield word[:-3] + "f"
        yield word[:-3] + "fe"
    if word.endswith("es"):
        yield word[:-2]
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
    if word.endswith("men"):
        yield word[:-3] + "man"


def _stems(word: str) -> Iterator[str]:
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            stem = word[: -len(ending)]
            yield stem
            yield stem + "e"
            if stem[-1] == stem[-2]:
                yield stem[:-1]


def _endings(word: str) -> Iterator[str]:
    yield word + "s"
    yield word + "es"
    if word.endswith("y"):
        yield word[:-1] + "ies"
    if word.endswith("man"):
        yield word[:-3] + "men"
    yield word + "ing"
    yield word.removesuffix("e") + "ing"
    yield word + word[-1:] + "ing"


@cache
def _tables() -> tuple[Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]]:
    """The bases of irregular forms, and the irregular forms of bases."""
    bases: dict[str, list[str]] = {word: list(its) for word, its in _IRREGULAR.items()}
    for table in ("noun_forms.txt.xz", "verb_forms.txt.xz"):
        for line in table_lines(table):
            form, *its = line.replace("_", " ").split()
            bases[form] = [*bases.get(form, ()), *its]
    forms: dict[str, list[str]] = defaultdict(list)
    for form, its in bases.items():
        for base in its:
            forms[base].append(form)
    return bases, forms
