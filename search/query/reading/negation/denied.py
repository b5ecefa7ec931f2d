"""Replaces negation in a query by the NOT of the exact language.

Runs of plain words (`a beach without any cars or buses`) and sentences after `text:` are split by
`split.py`. What is denied becomes `NOT cars`, where a concept has this name, and
`NOT text:"parked cars"` otherwise. `text:="no people"` is taken literally.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from splicedex.search.query.lexer import Token, quoted, tokenize
from splicedex.search.query.reading.function_words import NEGATING, PASSED_OVER
from splicedex.search.query.reading.negation.languages import may_negate
from splicedex.search.query.reading.negation.split import Denied, only_alike, split
from splicedex.splice.dictionary.letters import folded

Knows = Callable[[str], bool]
_OPERATORS = {"and", "or", "not"}
_VIEWS = frozenset({"photo", "picture", "image", "photos", "pictures", "images", "pic", "scene"})
"""Words for the photo itself: in "this photo has no people" they name nothing in it."""


@dataclass(frozen=True)
class Negation:
    """The negation of a query.

    Args:
        affirmed: The tokens without what denies.
        denied: Tokens for what is denied.
        notes: What to tell the user.
    """

    affirmed: Sequence[Token]
    denied: Sequence[Token] = ()
    notes: Sequence[str] = ()

    def merged(self, tokens: Sequence[Token]) -> list[Token]:
        """Tokens of what is affirmed, and those of what is denied, in the order of the query."""
        if not self.denied:
            return list(tokens)
        *words, end = tokens
        ordered = sorted([*words, *self.denied], key=lambda one: one.at)
        return [*_without_loose_ends(ordered), end]


def read_negation(
    query: str,
    typed: Sequence[Token],
    columns: Collection[str],
    knows: Knows,
    *,
    has_sentences: bool,
) -> Negation:
    """Find what a query denies in plain words.

    Args:
        query: The query.
        typed: Its tokens.
        columns: Names of columns.
        knows: Whether a text names a concept.
        has_sentences: Whether `text:` works, so that a phrase that names no concept can be denied.
    """
    if not may_negate(query):
        return Negation(typed)
    reader = _Reader(query, knows, has_sentences=has_sentences)
    reader.read_sentences(typed)
    reader.read_runs(typed, columns)
    if not reader.changed:
        return Negation(typed)
    return Negation(reader.tokens(typed), reader.found, reader.notes)


class _Reader:
    """Collects what is denied, and what is left of the query."""

    def __init__(self, query: str, knows: Knows, *, has_sentences: bool) -> None:
        self._query = query
        self._knows = knows
        self._has_sentences = has_sentences
        self._replaced: dict[int, list[Token]] = {}
        self.found: list[Token] = []
        self.changed = False
        self.notes: list[str] = []

    def tokens(self, typed: Sequence[Token]) -> list[Token]:
        """The tokens of what is affirmed."""
        kept = (self._replaced.get(at, [token]) for at, token in enumerate(typed))
        return [token for some in kept for token in some]

    def read_sentences(self, typed: Sequence[Token]) -> None:
        """Split the sentences after `text:`."""
        if any(one.kind in {"or", "(", ")"} for one in typed):
            return
        for at in range(2, len(typed)):
            name, colon, value = typed[at - 2 : at + 1]
            if (name.text, colon.text, value.kind) not in {
                ("text", ":", "quoted"),
                ("text", ":", "word"),
            }:
                continue
            if at > 2 and typed[at - 3].kind == "not":
                continue
            found = split(value.text)
            if found is None:
                continue
            self.changed = True
            end = at + 1
            if typed[end].text == "^" and typed[end].kind == "op":
                end += 2
            if _names_something(found.affirmed):
                self._replaced[at] = [Token("quoted", found.affirmed, value.at, value.end)]
            else:
                self._replaced |= {i: [] for i in range(at - 2, end)}
            for one in found.denied:
                self._deny(one, typed[end - 1].end)
            self.notes.append(f"to take the sentence literally, write text:={quoted(value.text)}")

    def read_runs(self, typed: Sequence[Token], columns: Collection[str]) -> None:
        """Split the runs of plain words."""
        for start, end in _runs(typed, columns):
            first, last = typed[start].at, typed[end - 1].end
            text = self._query[first:last]
            found = split(text)
            rest = found.masked if found else text
            if found and (not _names_something(found.affirmed) or _is_view(found.affirmed)):
                rest = " " * len(rest)
            tokens = [
                Token(one.kind, one.text, one.at + first, one.end + first)
                for one in tokenize(rest)[:-1]
            ]
            alike = [(first + a, first + b) for a, b in only_alike(rest)]
            kept = [one for one in tokens if not _is_alike(one, alike)]
            if found is None and len(kept) == len(tokens):
                continue
            self.changed = True
            self._replaced |= {i: [] for i in range(start, end)}
            self._replaced[start] = kept
            for one in found.denied if found else ():
                self._deny(one, first + one.at)

    def _deny(self, one: Denied, at: int) -> None:
        """Add the tokens of something denied."""
        self.found.append(Token("not", "NOT", at, at))
        what = " ".join(one.what.split())
        name = self._named(what)
        if name is not None:
            kind = "quoted" if " " in name or not name.isalnum() else "word"
            self.found.append(Token(kind, name, at, at))
        elif self._has_sentences:
            self.found += [
                Token("word", "text", at, at), Token("op", ":", at, at),
                Token("quoted", what, at, at),
            ]  # fmt: skip
        else:
            self.found.append(Token("word", what.split()[-1], at, at))
        self.found.append(Token("break", "", at, at))

    def _named(self, what: str) -> str | None:
        """The name of the concept that is denied; None if there is none."""
        words = what.split()
        if self._knows(what):
            return what
        if len(words) == 1 and not self._has_sentences:
            return what
        for end in range(len(words) - 1, 1, -1):  # "hot dog stands": a phrase, then what it does
            if self._knows(" ".join(words[:end])):
                return " ".join(words[:end])
        return None


def _runs(typed: Sequence[Token], columns: Collection[str]) -> Iterator[tuple[int, int]]:
    """The runs of plain words in a query: without quotes, signs, columns and operators."""
    start = 0
    for at, token in enumerate(typed):
        if not _is_plain(typed, at, columns):
            if at > start:
                yield start, at
            start = at + 1
        elif token.kind == "end":
            break


def _is_plain(typed: Sequence[Token], at: int, columns: Collection[str]) -> bool:
    token = typed[at]
    if token.kind in _OPERATORS:
        return token.text.islower()
    if token.kind != "word" or (token.text[0] in "+-!" and len(token.text) > 1):
        return False
    before = typed[at - 1] if at else None
    if before is not None and before.kind == "op":
        return False
    return typed[at + 1].kind != "op"


def _is_alike(token: Token, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a token is the NOT of an expression that denies nothing: "not far", "can't stop"."""
    word = folded(token.text)
    denies = token.kind == "not" or word in NEGATING
    return word.endswith("n't") or (denies and any(start <= token.at < end for start, end in spans))


def _names_something(text: str) -> bool:
    """Whether a text has a word that may name something."""
    words = [word.strip(".,;:!?") for word in folded(text).split()]
    return any(word and word not in PASSED_OVER and word not in _OPERATORS for word in words)


def _is_view(text: str) -> bool:
    """Whether a text names nothing but the photo itself."""
    words = [word.strip(".,;:!?") for word in folded(text).split()]
    return all(word in _VIEWS or word in PASSED_OVER for word in words)


def _without_loose_ends(tokens: Sequence[Token]) -> list[Token]:
    """Tokens without AND and OR that joined what is now gone."""
    kept: list[Token] = []
    for token in tokens:
        if token.kind in {"and", "or"} and (not kept or kept[-1].kind in {"and", "or", "("}):
            continue
        kept.append(token)
    while kept and kept[-1].kind in {"and", "or"}:
        kept.pop()
    return kept
