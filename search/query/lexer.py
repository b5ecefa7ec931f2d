"""The tokens of a query."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from splicedex.search.query.nodes import QueryError
from splicedex.splice.dictionary.letters import DOUBLE_QUOTES, SINGLE_QUOTES

_ANY_QUOTE = f'"{DOUBLE_QUOTES}'
_QUOTED = rf"""
      (?P<quoted>"(?P<inside>(?:[^"\\]|\\.)*)")
    | (?P<curly>[{DOUBLE_QUOTES}](?P<within>[^{_ANY_QUOTE}]*)[{_ANY_QUOTE}])
    | (?P<single>(?<![^\s(:=])[{SINGLE_QUOTES}]
        (?P<between>(?:[^\s{SINGLE_QUOTES}](?:[^{_ANY_QUOTE}{SINGLE_QUOTES}]|[{SINGLE_QUOTES}]\w)*)?)
        [{SINGLE_QUOTES}](?=[\s()<>^,;|&]|$))
"""
_TOKEN = re.compile(
    rf"""\s*(?:{_QUOTED}
      | (?P<open>[(（]) | (?P<close>[)）])
      | (?P<op><=|>=|<|>|\^|:|=|[＜＞＾：＝])
      | (?P<word>[^\s()"<>^:=（）＜＞＾：＝{DOUBLE_QUOTES}]+)
    )""",
    re.VERBOSE,
)
_VALUE = re.compile(rf"""\s*(?:{_QUOTED} | (?P<word>[^\s()"<>^:=]+))""", re.VERBOSE)
"""What may follow the `:` of a column: names of files are exact, so few characters end them."""
_INSIDE = {"quoted": "inside", "curly": "within", "single": "between"}
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

    Quotes may be those of any language. A value, after `:`, is taken as it is.

    Raises:
        QueryError: A quote is not closed.
    """
    tokens: list[Token] = []
    at = 0
    while query[at:].strip():
        after_colon = bool(tokens) and tokens[-1].kind == "op" and tokens[-1].text == ":"
        match = (after_colon and _VALUE.match(query, at)) or _TOKEN.match(query, at)
        if match is None:
            quote = len(query) - len(query[at:].lstrip())
            raise QueryError(query, quote, "this quote is not closed", "add another '\"'")
        tokens.append(_token(match))
        at = match.end()
    tokens.append(Token("end", "the end", len(query), len(query)))
    return tokens


def quoted(text: str) -> str:
    """A text in quotes, so that a query takes it as it is."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _token(match: re.Match[str]) -> Token:
    kind = next(kind for kind in (*_INSIDE, "open", "close", "op", "word") if _has(match, kind))
    at, end = match.span(kind)
    if kind in _INSIDE:
        text = match[_INSIDE[kind]]
        return Token("quoted", re.sub(r"\\(.)", r"\1", text) if kind == "quoted" else text, at, end)
    text = match[kind]
    if kind == "word":
        keyword = unicodedata.normalize("NFKC", text).casefold()
        return Token(keyword if keyword in _KEYWORDS else "word", text, at, end)
    text = unicodedata.normalize("NFKC", text)
    return Token("op" if kind == "op" else text, text, at, end)


def _has(match: re.Match[str], kind: str) -> bool:
    return match.groupdict().get(kind) is not None
