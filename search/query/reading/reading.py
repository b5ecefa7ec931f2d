"""Reads a query as people type it: a query in the exact language that says what is meant.

`a dog on the beach` is `dog beach`, `swimming pool` is `"swimming pool"`, `without people` is
`NOT people`, and a sentence after `text:` is split in the same way. What is exact already, in
quotes or after a sign, stays as it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from splicedex.search.query.lexer import Token, quoted
from splicedex.search.query.nodes import Node, QueryError
from splicedex.search.query.parser import tokens_of, tree_of
from splicedex.search.query.reading.function_words import LONGEST, NEGATING, PASSED_OVER
from splicedex.search.query.reading.negation.denied import read_negation
from splicedex.search.query.reading.punctuation import Knows, read_punctuation
from splicedex.splice.dictionary.letters import folded

PHRASE = 5
"""Most words of a concept that are found without quotes."""
SENTENCE = 3
"""Fewest words that are offered as a sentence."""
_JOINED = {"op", "(", ")"}


@dataclass(frozen=True)
class Reading:
    """How a query was read.

    Args:
        tree: Its tree.
        exact: The same query in the exact language.
        notes: What to tell the user about it.
    """

    tree: Node
    exact: str
    notes: tuple[str, ...] = ()


def read(
    query: str, columns: Collection[str], knows: Knows, *, has_sentences: bool = False
) -> Reading:
    """Read a query as people type it.

    Args:
        query: The query.
        columns: Names of columns.
        knows: Whether a text names a concept, in any of its forms.
        has_sentences: Whether `text:` works, so that it can be offered.

    Raises:
        QueryError: It is not valid, or it is not plain what is meant.
    """
    typed = tokens_of(query)
    negation = read_negation(query, typed, columns, knows, has_sentences=has_sentences)
    tokens = read_punctuation(
        query, negation.affirmed, columns, lambda text: text in columns or knows(text)
    )
    tokens, passed = _Words(query, negation.merged(tokens), columns, knows).read()
    tree = tree_of(query, tokens, columns)
    exact = _written(tokens)
    if negation.denied and exact != query:  # what is left may deny again
        again = read(exact, columns, knows, has_sentences=has_sentences)
        tree, exact = again.tree, again.exact
    notes = []
    if [(one.kind, one.text) for one in tokens] != [(one.kind, one.text) for one in typed]:
        over = f" (passed over: {', '.join(dict.fromkeys(passed))})" if passed else ""
        notes.append(f"read as: {exact}{over}")
    notes += negation.notes
    if has_sentences and _is_sentence(typed[:-1]):
        whole = quoted(" ".join(query.split()))
        literally = "=" if negation.denied else ""  # else the sentence would be split as well
        notes.append(f"to rank by the whole sentence instead, write text:{literally}{whole}")
    return Reading(tree, exact, tuple(notes))


def _is_sentence(typed: Sequence[Token]) -> bool:
    """Whether a query is nothing but words, and several of them."""
    return len(typed) >= SENTENCE and all(
        one.kind in {"word", "and", "not"} and one.text.islower() and one.text[0].isalpha()
        for one in typed
    )


class _Words:
    """Reads the words between the operators of a query.

    Args:
        query: The query, for messages.
        tokens: Its tokens, with "break" tokens between words that are no phrase.
        columns: Names of columns.
        knows: Whether a text names a concept.
    """

    def __init__(
        self, query: str, tokens: Sequence[Token], columns: Collection[str], knows: Knows
    ) -> None:
        self._query = query
        self._tokens = tokens
        self._columns = columns
        self._knows = knows
        self._passed: list[Token] = []

    def read(self) -> tuple[list[Token], list[str]]:
        """The tokens that remain, and the words that were passed over."""
        found = list(self._found())
        if any(one.kind in {"word", "quoted"} for one in found):
            return found, [one.text for one in self._passed]
        kept = [Token("quoted", o.text, o.at, o.end) for o in self._passed if self._knows(o.text)]
        if not kept and self._passed:
            raise QueryError(
                self._query, self._passed[0].at, f"{self._passed[0].text!r} names nothing to see",
                "name what the photo shows, such as dog",
            )  # fmt: skip
        return (kept + found[-1:], []) if kept else (found, [])

    def _found(self) -> Iterator[Token]:
        at = 0
        while at < len(self._tokens):
            token = self._tokens[at]
            length = self._loose(at)
            phrase = self._phrase(at, length)
            over = self._words_over(at, length)
            if phrase > 1:
                yield self._joined("quoted", at, phrase)
                at += phrase
            elif over:
                self._passed.append(self._joined("word", at, over))
                at += over
            elif length and folded(token.text) in NEGATING:
                if self._tokens[at + 1].kind in {"end", ")", "break"}:
                    self._passed.append(token)
                else:
                    yield Token("not", token.text, token.at, token.end)
                at += 1
            else:
                if token.kind != "break":
                    yield token
                at += 1

    def _loose(self, at: int) -> int:
        """Number of plain words from here on, at most `PHRASE`."""
        end = at
        while end < min(at + PHRASE, len(self._tokens)) and self._is_loose(end):
            end += 1
        return end - at

    def _is_loose(self, at: int) -> bool:
        """Whether a token is a word without a sign, bound, boost or column."""
        token = self._tokens[at]
        if token.kind != "word" or token.text[0] in "+-":
            return False
        if at and self._tokens[at - 1].kind == "op":
            return False
        after = self._tokens[at + 1]
        # `dog =cat` is a word before an exact concept; `label =cat` compares a column.
        return after.kind != "op" or (after.text == "=" and token.text not in self._columns)

    def _phrase(self, at: int, length: int) -> int:
        """Number of words from here on that are the name of one concept; 0 if none are."""
        for count in range(length, 1, -1):
            ends = (self._tokens[at], self._tokens[at + count - 1])
            if any(folded(one.text) in PASSED_OVER for one in ends):
                continue
            if self._knows(self._joined("word", at, count).text):
                return count
        return 0

    def _words_over(self, at: int, length: int) -> int:
        """Number of words from here on that name nothing."""
        for count in range(min(length, LONGEST), 0, -1):
            if folded(self._joined("word", at, count).text) in PASSED_OVER:
                return count
        return 0

    def _joined(self, kind: str, at: int, count: int) -> Token:
        tokens = self._tokens[at : at + count]
        text = " ".join(token.text for token in tokens)
        return Token(kind, text, tokens[0].at, tokens[-1].end)


def _written(tokens: Sequence[Token]) -> str:
    """Tokens as a query in the exact language."""
    text = ""
    for before, token in zip([None, *tokens], tokens[:-1], strict=False):
        if before is not None and not _is_joined(before, token):
            text += " "
        if token.kind == "quoted":
            text += quoted(token.text)
        else:
            text += token.kind.upper() if token.kind in {"and", "or", "not"} else token.text
    return text


def _is_joined(before: Token, token: Token) -> bool:
    operators = {"and", "or", "not"}
    if before.end != token.at or before.kind in operators or token.kind in operators:
        return False
    return before.kind in _JOINED or token.kind in _JOINED or before.text in {"+", "-"}
