"""Reads punctuation in a query as people type it: `dog, cat`, `!cat`, `dog | cat`.

| typed | read as |
| --- | --- |
| `,` `;` `+` `&` between words | both |
| `|` | one of them |
| `!` before a word, or a dash of any length | NOT |
| `.` `!` `?` after a word | nothing |

A word that is the name of a concept stays as it is: `AT&T`, `C++`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from splicedex.search.query.lexer import Token
from splicedex.search.query.nodes import QueryError
from splicedex.splice.dictionary.letters import DASHES, folded

Knows = Callable[[str], bool]
"""Whether a text names a concept, in any of its forms."""

_LEAD = re.compile(rf"[¿¡…#]*(?:(?P<not>[!！¬]+)|(?P<dash>[{DASHES}]+)|(?P<plus>[+＋]))?")
_PART = re.compile(
    r"(?P<or>[|｜]+)|(?P<and>[&＆]+)|(?P<break>[،,;，；、。…]+)"
    r"|(?P<word>(?:[^،,;，；、。…|｜&＆+＋]|[+＋](?!\w))+)|(?P<plus>[+＋])"
)
_NOT = re.compile("[!！¬]+")
_END = re.compile(r"[.!?！？؟]+$")


def read_punctuation(
    query: str, tokens: Sequence[Token], columns: Collection[str], knows: Knows
) -> list[Token]:
    """Replace punctuation by operators; what only separates words becomes a token "break".

    Args:
        query: The query, for messages.
        tokens: Its tokens.
        columns: Names of columns.
        knows: Whether a text names a concept or a column.

    Raises:
        QueryError: A dash stands alone.
    """
    read: list[Token] = []
    tokens = _with_their_plus(tokens)
    for at, token in enumerate(tokens):
        if token.kind != "word":
            read.append(token)
        elif _compares(tokens[max(at - 2, 0) : at], columns):
            read.append(_value(token, is_last=tokens[at + 1].kind == "end"))
        else:
            opens = _opens(token, tokens[at + 1])
            read += _split(query, token, opens=opens, knows=knows)
    return read


def _compares(before: Sequence[Token], columns: Collection[str]) -> bool:
    """Whether a value follows: after an operator, unless it is the `=` of an exact concept."""
    if not before or before[-1].kind != "op":
        return False
    return before[-1].text != "=" or before[0].text in columns


def _with_their_plus(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with a `+` that stands alone joined to the word after it."""
    found: list[Token] = []
    for token in tokens:
        if found and token.kind == found[-1].kind == "word" and found[-1].text in {"+", "＋"}:
            found[-1] = Token("word", f"+{token.text}", token.at - 1, token.end)
        else:
            found.append(token)
    return found


def _value(token: Token, *, is_last: bool) -> Token:
    """The value of a column, without a comma that only separates it from the next word."""
    text = token.text if is_last else token.text.rstrip(",;")
    return Token("word", text, token.at, token.at + len(text)) if text else token


def _opens(token: Token, after: Token) -> bool:
    """Whether a sign at the end of a token belongs to what follows: a quote, `(` or `=`."""
    return after.at == token.end and (after.kind in {"quoted", "("} or after.text == "=")


def _split(query: str, token: Token, *, opens: bool, knows: Knows) -> Iterator[Token]:
    lead = _LEAD.match(token.text)
    assert lead is not None
    at = token.at + lead.end()
    rest = token.text[lead.end() :]
    if lead.lastgroup is None and knows(token.text):
        yield token
        return
    if lead["not"] and (rest or query[token.end :].strip()):
        yield Token("not", lead["not"], token.at, at)
    sign = "-" if lead["dash"] else "+" if lead["plus"] else ""
    if sign and not rest:
        if sign == "-" and not opens:
            raise QueryError(
                query, token.at, "a dash alone is not plain",
                "write -cat for no cat, or a space between two things",
            )  # fmt: skip
        yield Token("word" if opens else "break", sign, token.at, token.end)
        return
    yield from _parts(rest, at, sign, knows)


def _parts(text: str, at: int, sign: str, knows: Knows) -> Iterator[Token]:
    """The words of a text without spaces, and what joins them; the first with its sign."""
    if text and knows(text):
        yield Token("word", sign + text, at - len(sign), at + len(text))
        return
    for part in _PART.finditer(text):
        kind = part.lastgroup or ""
        start, end = at + part.start(), at + part.end()
        if kind == "plus":
            sign = "+"
        elif kind == "word":
            word = part[kind]
            if not knows(word):
                denied = _NOT.match(word)
                if denied is not None:
                    word, start = word[denied.end() :], start + denied.end()
                word = _END.sub("", word)
                if denied is not None and folded(word):
                    yield Token("not", denied[0], start - denied.end(), start)
            if word and folded(word):
                yield Token("word", sign + word, start - len(sign), start + len(word))
            sign = ""
        else:
            yield Token(kind, part[kind], start, end)
