"""Splits a sentence into what it asks for and what it asks to be absent.

A *cue* such as "no" or "isn't" denies something near it: the noun phrase after it ("without any
cars or buses"), what a verb says ("isn't wearing a hat"), or the noun phrase before it ("cars are
absent"). What is denied is taken out of the sentence together with the words that lead to the cue
("but there is"), and with what belongs to it ("in the background"). The rest is what is asked for.
Expressions that only look like negation ("not far from") stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from splicedex.search.query.reading.negation.language import Language
from splicedex.search.query.reading.negation.languages import language_of, may_negate

LONGEST_NOUN = 4
"""Most words of a noun phrase."""
SHORT = 2
"""Most words of one after "and", as in "without umbrellas and chairs"."""
LONGEST_VERB = 6
"""Most words of a verb phrase, such as "looking at the camera"."""
_WORD = re.compile(r"\w+(?:['’\-/.]\w+)*['’]?(?<!\.)|[^\w\s]")
_LINKS = {",", ";", "-", "–", "—", ":", "(", "&"}
"""Punctuation that may lead to a cue."""


@dataclass(frozen=True)
class Denied:
    """Something that a sentence asks to be absent.

    Args:
        what: Its words as typed, without articles.
        at: Offset of its cue in the sentence.
    """

    what: str
    at: int = field(compare=False)


@dataclass(frozen=True)
class Split:
    """A sentence with negation, taken apart.

    Args:
        affirmed: What it asks for; may be empty.
        denied: What it asks to be absent.
        masked: The sentence with everything else than `affirmed` replaced by spaces.
    """

    affirmed: str
    denied: tuple[Denied, ...]
    masked: str


@lru_cache(maxsize=1024)
def split(sentence: str) -> Split | None:
    """Take a sentence with negation apart; None if it denies nothing."""
    if not may_negate(sentence):
        return None
    masked = sentence
    denied: list[Denied] = []
    while (found := _Sentence(masked).split()) is not None:  # what is left may deny again
        masked = found.masked
        denied += found.denied
    if not denied:
        return None
    ordered = tuple(dict.fromkeys(sorted(denied, key=lambda one: one.at)))
    return Split(_tidy(masked), ordered, masked)


def _tidy(text: str) -> str:
    """A text without the gaps and the punctuation that a removal leaves."""
    text = " ".join(text.split())
    text = re.sub(r"\(\s*\)", "", text)
    text = re.sub(r"\s+([,.;:!?])", r"\1", text)
    text = re.sub(r"([,.;:])(?:\s*[,.;:])+", r"\1", text)
    return text.strip(" ,.;:–—").removesuffix(" -").removeprefix("- ").strip()


class _Sentence:
    """The words of a sentence, and a walk over them."""

    def __init__(self, text: str) -> None:
        self._text = text
        found = list(_WORD.finditer(text))
        self._spans = [one.span() for one in found]
        self._typed = [one[0] for one in found]
        self._words = [one[0].casefold().replace("’", "'") for one in found]
        self._language: Language = language_of(self._words)
        lowered = text.casefold().replace("’", "'")
        looks = self._language.looks.finditer(lowered) if len(lowered) == len(text) else ()
        self.alike = [one.span() for one in looks]
        self._denied: list[Denied] = []
        self._removed = [False] * len(found)

    def split(self) -> Split | None:
        """What its cues deny; None if there is no cue."""
        at = 0
        while at < len(self._words):
            at = max(self._read(at), at + 1)
        if not self._denied:
            return None
        masked = list(self._text)
        for (start, end), removed in zip(self._spans, self._removed, strict=True):
            if removed:
                masked[start:end] = " " * (end - start)
        return Split("", tuple(self._denied), "".join(masked))

    def _read(self, at: int) -> int:
        """Read a cue at a word; returns where it goes on, or `at` if there is none."""
        if self._is_alike(at):
            return at
        if inside := re.fullmatch(self._language.free, self._words[at]):
            self._deny(inside["what"], at)
            self._remove(at, at + 1)
            return at + 1
        for length in range(min(self._language.longest, len(self._words) - at), 0, -1):
            for kind in self._language.cues.get(tuple(self._words[at : at + length]), ()):
                end = getattr(self, f"_{kind}")(at, at + length)
                if end is not None:
                    return int(end)
        return at

    def _noun(self, at: int, after: int) -> int | None:
        """A cue that denies the noun phrases after it."""
        cue = self._words[at:after]
        of_them = self._word(after) in self._language.pronouns
        while of_them and self._word(after) in self._language.pronouns | self._language.light:
            after += 1
        phrases, end = self._list(after, clause=cue == ["none", "of"] and not of_them)
        if not phrases:
            return None
        return self._take(at, phrases, end)

    def _verb(self, at: int, after: int) -> int | None:
        """A cue that denies what a verb says: "not", "isn't"."""
        language, start = self._language, after
        while self._word(start) in language.light | language.determiners | language.prepositions:
            start += 1
        verb = self._word(after)
        if start == after and re.fullmatch(language.participle, verb):
            end = self._until_clause_ends(after)
            return self._take(at, [(after, end)], end)
        phrases, end = self._list(start)
        if not phrases:
            return None
        if start == after and not self._may_be_named(at, phrases, end):
            return None
        return self._take(at, phrases, end)

    def _may_be_named(self, at: int, phrases: Sequence[tuple[int, int]], end: int) -> bool:
        """Whether "not X" without an article denies X: "cat, not dog", "that are not cats"."""
        if self._words[at].endswith("n't") and self._words[at][0] not in "iaw":
            return False  # doesn't bark
        contrasted = at > 0 and self._words[at - 1] in {*_LINKS, *self._language.leads}
        first = phrases[0]
        short = first[1] - first[0] <= (3 if contrasted else 1)
        return short and (end == len(self._words) or not self._is_word(end) or len(phrases) > 1)

    def _after(self, at: int, after: int) -> int | None:
        """A cue that denies the noun phrase before it."""
        if after < len(self._words) and self._is_word(after):
            return None
        end = at
        while end > 0 and self._words[end - 1] in self._language.leads:
            end -= 1
        start = end
        while start > 0 and end - start < LONGEST_NOUN and self._is_noun_word(start - 1):
            start -= 1
        while start < end and self._words[start] in self._language.determiners:
            start += 1
        if start == end or any(self._removed[start:end]):
            return None
        self._deny(self._typed_between(start, end), start)
        self._remove(self._lead_to(start), after)
        return after

    def _nobody(self, at: int, after: int) -> int:
        """A cue that denies anybody at all."""
        self._deny(self._language.nobody[tuple(self._words[at:after])], at)
        end = self._tail(after)
        self._remove(self._lead_to(at), end)
        return end

    def _take(self, at: int, phrases: Sequence[tuple[int, int]], end: int) -> int:
        """Deny some phrases, and remove them with all that belongs to them."""
        for start, stop in phrases:
            typed = self._typed_between(start, stop)
            self._deny(self._language.anybody.get(typed.casefold(), typed), at)
        start, end = self._lead_to(at), self._tail(end)
        if start == 0:
            end = self._opening(end)
        elif self._word(start) == self._word(end) == ",":
            end += 1
        if "(" in self._words[start:end] and self._word(end) == ")":
            end += 1
        self._remove(start, end)
        return end

    def _deny(self, what: str, at: int) -> None:
        self._denied.append(Denied(what, self._spans[at][0]))

    def _list(self, at: int, *, clause: bool = False) -> tuple[list[tuple[int, int]], int]:
        """The noun phrases of a list from a word on, and where it ends."""
        found = self._phrase(at, clause=clause)
        if found is None:
            return [], at
        phrases, end = [found], found[1]
        while (more := self._more(end)) is not None:
            phrases += more
            end = more[-1][1]
        return phrases, end

    def _more(self, at: int) -> list[tuple[int, int]] | None:
        """The phrases by which a list goes on."""
        word = self._word(at)
        comma = word == ","
        after = at + 1 if comma else at
        if self._word(after) in self._language.either:
            found = self._phrase(after + 1, denied=True)
            return [found] if found else None
        if not comma and word in self._language.both:
            found = self._phrase(at + 1, bare=True)
            ends = found is not None and (
                found[1] == len(self._words) or not self._is_word(found[1])
            )
            return [found] if found and ends and found[1] - found[0] <= 2 else None
        if comma and (found := self._phrase(at + 1)) is not None:
            rest = self._more(found[1])  # a list only if an "or" follows
            if rest is not None and self._joined_by_either(found[1]):
                return [found, *rest]
        return None

    def _joined_by_either(self, at: int) -> bool:
        """Whether a list that goes on from here has an "or"."""
        while at < len(self._words) and (self._is_noun_word(at) or self._word(at) == ","):
            at += 1
        return self._word(at) in self._language.either

    def _phrase(
        self, at: int, *, bare: bool = False, clause: bool = False, denied: bool = False
    ) -> tuple[int, int] | None:
        """A noun phrase from a word on, without determiners.

        Args:
            at: The word.
            bare: Whether it may have no determiner.
            clause: Whether it goes on to the end of its clause.
            denied: Whether it may begin with another cue: "nor without any".
        """
        language, start = self._language, at
        skipped = language.determiners
        if denied:
            skipped = skipped | {cue[0] for cue in language.nouns if len(cue) == 1} | {"with"}
        while not bare and not self._is_alike(start):
            if self._word(start) in language.partitives and self._word(start + 1) == "of":
                start += 2
            elif self._word(start) in skipped:
                start += 1
            else:
                break
        if self._word(start) in language.determiners:
            return None
        if clause:
            end = self._until_clause_ends(start)
            return (start, end) if end > start else None
        end = start
        while end - start < LONGEST_NOUN and self._is_noun_word(end):
            if end > start and self._is_verb(end, singular=self._word(start - 1)):
                break
            end += 1
        return (start, end) if end > start else None

    def _is_verb(self, at: int, *, singular: str) -> bool:
        """Whether a word after a noun is a verb: "people walking", "without a bag walks"."""
        word = self._words[at]
        if singular in self._language.singular and re.fullmatch(r"\w+[^siu]s", word):
            return True
        return re.fullmatch(self._language.participle, word) is not None

    def _until_clause_ends(self, at: int) -> int:
        end = at
        while end < len(self._words) and end - at < LONGEST_VERB and self._is_word(end):
            if self._words[end] in {"but", "and", "who", "that", "while"}:
                break
            end += 1
        return end

    def _lead_to(self, at: int) -> int:
        """Where the words begin that lead to a cue."""
        start = at
        while start > 0 and not self._removed[start - 1]:
            before = self._words[start - 1]
            if before in self._language.subjects and not self._is_predicate(start):
                break
            of_which = before == "in" and self._word(start) == "which"
            if not (before in self._language.leads or before in _LINKS or of_which):
                break
            start -= 1
        return start

    def _is_predicate(self, at: int) -> bool:
        """Whether a verb follows what was named before: "it *has* no", "I *don't* want"."""
        word = self._word(at)
        leads = word in self._language.leads - self._language.prepositions
        return (leads and word[0].isalnum()) or (word,) in self._language.verbs

    def _tail(self, at: int) -> int:
        """Where the words end that belong to what is denied."""
        while at < len(self._words) and self._is_word(at):
            found = self._language.tail.match(" ".join(self._words[at:]))
            if found is not None:
                at += len(found[0].split())
            elif self._word(at) in self._language.copulas:
                at += 1
                at += re.fullmatch(self._language.participle, self._word(at)) is not None
            else:
                break
        return at

    def _opening(self, at: int) -> int:
        """Where the rest begins after a cue in front: `no people, just ...`."""
        if at < len(self._words) and not self._is_word(at):
            at += 1
        while self._word(at) in self._language.opens:
            at += 1
        return at

    def _word(self, at: int) -> str:
        return self._words[at] if 0 <= at < len(self._words) else ""

    def _is_word(self, at: int) -> bool:
        return self._words[at][0].isalnum()

    def _is_noun_word(self, at: int) -> bool:
        word = self._word(at)
        return bool(word) and self._is_word(at) and word not in self._language.stops

    def _is_alike(self, at: int) -> bool:
        start = self._spans[at][0] if at < len(self._spans) else -1
        return any(first <= start < end for first, end in self.alike)

    def _typed_between(self, start: int, end: int) -> str:
        return " ".join(self._typed[start:end])

    def _remove(self, start: int, end: int) -> None:
        self._removed[start:end] = [True] * (end - start)


def only_alike(sentence: str) -> list[tuple[int, int]]:
    """The spans of a sentence that only look like negation, such as "not far"."""
    return _Sentence(sentence).alike if may_negate(sentence) else []
