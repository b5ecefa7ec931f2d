"""The tokens of a query."""

from __future__ import annotations

import re
from dataclasses import dataclass

from splicedex.search.query.nodes import QueryError

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>"(?P<inside>(?:[^"\\]|\\.)*)")
      | (?P<open>\() | (?P<close>\))
      | (?P<op><=|>=|<|>|\^|:|=)
      | (?P<word>[^\s()"<>^:=]+)
    )""",
    re.VERBOSE,
)
_KEYWORDS = {"and", "or", "not"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token with its kind, its text and its offsets in the query."""

    kind: str  # "word", "quoted", "op", "(", ")", "and", "or", "not", "end"
    text: str
    at: int
    end: int


def tokenize(query: str) -> list[Token]:
    """Split a query into tokens; the last one is of kind "end".

    Raises:
        QueryError: A quote is not closed.
    """
    tokens, at = [], 0
    while query[at:].strip():
        match = _TOKEN.match(query, at)
        if match is None:
            quote = query.index('"', at)
            raise QueryError(query, quote, "this quote is not closed", "add another '\"'")
        tokens.append(_token(match))
        at = match.end()
    tokens.append(Token("end", "the end", len(query), len(query)))
    return tokens


def _token(match: re.Match[str]) -> Token:
    kind = match.lastgroup or ""
    if kind == "inside":
        kind = "quoted"
    at, end = match.span(kind)
    if kind == "quoted":
        return Token("quoted", re.sub(r"\\(.)", r"\1", match["inside"]), at, end)
    text = match[kind]
    if kind == "word" and text.casefold() in _KEYWORDS:
        kind = text.casefold()
    elif kind in {"open", "close"}:
        kind = text
    return Token(kind, text, at, end)
