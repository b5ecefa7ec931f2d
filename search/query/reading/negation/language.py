"""What the grammar of negation needs to know of a language. Each has a table beside this file.

To add a language, write its table and add it to `LANGUAGES` in `languages.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

Words = tuple[str, ...]
"""Words in lower case, in order."""


def listed(text: str) -> frozenset[Words]:
    """Phrases from a text that separates them by commas."""
    phrases = (tuple(one.split()) for one in text.casefold().split(","))
    return frozenset(phrase for phrase in phrases if phrase)


def words(text: str) -> frozenset[str]:
    """Words from a text that separates them by spaces."""
    return frozenset(text.casefold().split())


@dataclass(frozen=True)
class Language:
    """The words of a language by their role in negation. All are in lower case.

    Args:
        name: Its name in English.
        nouns: Phrases that deny the noun phrase after them: no, without.
        verbs: Phrases that deny what a verb says after them: not, doesn't.
        after: Phrases that deny the noun phrase before them: absent.
        light: Verbs after which only the object is denied: have, show, wear.
        nobody: Words that deny somebody, or something, by themselves.
        anybody: The same without the negation, for what follows a cue: without anybody.
        leads: Words that only lead to a cue, and go with it: but, and, with, that, is.
        subjects: Those of them that stand for something named before: *it* has no, *I* don't want.
        partitives: Words that add nothing before "of": no *sign of* life.
        opens: Words that open the rest after a cue in front: no people, *just* mountains.
        determiners: Words before a noun that add nothing: any, a, the, visible.
        stops: Words that end a noun phrase: prepositions, conjunctions, auxiliaries.
        prepositions: Prepositions that may stand between "not" and a noun.
        either: Words that continue a list of what is denied: or, nor.
        both: Words for "and".
        tails: Patterns of what belongs to what is denied: in sight, in the background.
        alike: Patterns of expressions that only look like negation.
        free: Pattern of words that deny the noun inside them, `(?P<what>...)-free`.
        copulas: Verbs after what is denied that go with it: no dog *is* on the sofa.
        pronouns: Words for what was named before: none of *them* wears a hat.
        singular: Articles after which a word in -s is a verb: without a bag *walks*.
        participle: Pattern of words that end a noun phrase, and follow "not" as verbs.
        common: Frequent words by which a sentence is recognised.
    """

    name: str
    nouns: frozenset[Words]
    verbs: frozenset[Words]
    light: frozenset[str]
    nobody: Mapping[Words, str]
    anybody: Mapping[str, str]
    leads: frozenset[str]
    determiners: frozenset[str]
    stops: frozenset[str]
    prepositions: frozenset[str]
    either: frozenset[str]
    both: frozenset[str]
    tails: tuple[str, ...]
    alike: tuple[str, ...]
    common: frozenset[str]
    after: frozenset[Words] = frozenset()
    subjects: frozenset[str] = frozenset()
    partitives: frozenset[str] = frozenset()
    opens: frozenset[str] = frozenset()
    free: str = r"(?!)"
    copulas: frozenset[str] = frozenset()
    pronouns: frozenset[str] = frozenset()
    singular: frozenset[str] = frozenset()
    participle: str = r"(?!)"

    @cached_property
    def cues(self) -> Mapping[Words, Sequence[str]]:
        """All cues, with what they may deny: "noun", "verb", "after", "nobody"."""
        kinds = (
            ("noun", self.nouns), ("after", self.after), ("verb", self.verbs),
            ("nobody", self.nobody),
        )  # fmt: skip
        found: dict[Words, list[str]] = {}
        for kind, cues in kinds:
            for cue in cues:
                found.setdefault(cue, []).append(kind)
        return found

    @cached_property
    def longest(self) -> int:
        """Most words of a cue."""
        return max(map(len, self.cues))

    @cached_property
    def tail(self) -> re.Pattern[str]:
        """What belongs to what is denied, as one pattern over words joined by spaces."""
        return re.compile(rf"(?:{'|'.join(self.tails) or '(?!)'})(?=\s*(?:[^\w\s']|$)|\s+\w)")

    @cached_property
    def looks(self) -> re.Pattern[str]:
        """What only looks like negation, as one pattern over a sentence in lower case."""
        return re.compile(rf"(?<![\w'-])(?:{'|'.join(self.alike) or '(?!)'})(?![\w'])")
