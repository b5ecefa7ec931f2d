"""The parser of the query language. The grammar is in `docs/query-language.md`.

dog AND (beach OR "swimming pool") NOT person label:holiday width>1000
=dog^2 cat>0.6                      exactly that concept, a boost; a presence
shows:dog                           what an image is said to show, as facets count it
text:"a photo at dusk"              dense search by a sentence
text:="a beach with no people"      the same, with the sentence taken literally
NOT text:"parked cars"              away from a sentence
like:beach.jpg -person +snow        dense search by an indexed image, edited
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NoReturn

from splicedex.search.query.lexer import Token, tokenize
from splicedex.search.query.nodes import (
    AllOf,
    AnyOf,
    Concept,
    Field,
    Like,
    Node,
    NoneOf,
    QueryError,
    Text,
)

LONGEST = 2_000
"""Maximum length of a query in characters."""
DEEPEST = 40
"""Maximum nesting of parentheses and NOTs."""
_ORDERS = frozenset({"<", "<=", ">", ">="})


def parse(query: str, columns: Collection[str] = ()) -> Node:
    """Parse a query.

    Args:
        query: The query, at most 2,000 characters.
        columns: Names of columns. `name>1` means a column of that name rather than a concept.

    Raises:
        QueryError: It is empty, too long, nested too deep, or not valid.
    """
    return tree_of(query, tokens_of(query), columns)


def tokens_of(query: str) -> list[Token]:
    """The tokens of a query.

    Raises:
        QueryError: It is too long, or a quote or a character is not complete.
    """
    if len(query) > LONGEST:
        raise QueryError(query, LONGEST, f"over {LONGEST:,} characters", "simplify the query")
    odd = re.search("[\ud800-\udfff]", query)
    if odd is not None:
        raise QueryError(
            query,
            odd.start(),
            "half a character",
            "write the query in UTF-8, and names of files as search prints them",
        )
    return tokenize(query)


def tree_of(query: str, tokens: Sequence[Token], columns: Collection[str] = ()) -> Node:
    """Parse the tokens of a query.

    Args:
        query: The query, for messages.
        tokens: Its tokens.
        columns: Names of columns.

    Raises:
        QueryError: It is empty, nested too deep, or not valid.
    """
    return _Parser(query, tokens, columns).parse()


class _Parser:
    """Recursive descent over the tokens: or > and > not > term."""

    def __init__(self, query: str, tokens: Sequence[Token], columns: Collection[str]) -> None:
        self._query = query
        self._columns = columns
        self._tokens = list(tokens)
        self._next = 0
        self._depth = 0

    def parse(self) -> Node:
        if self._peek().kind == "end":
            self._fail(0, "it is empty", 'ask for a concept: dog, or "hot dog"')
        tree = self._or()
        token = self._peek()
        if token.kind != "end":
            self._fail(token.at, f"unexpected {token.text!r}", "remove it, or open a parenthesis")
        return tree

    def _or(self) -> Node:
        parts = [self._and()]
        while self._take("or"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _and(self) -> Node:
        parts = [self._not()]
        while self._take("and") or self._peek().kind not in {"or", ")", "end"}:
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _not(self) -> Node:
        token = self._peek()
        if self._take("not"):
            self._deeper(token.at)
            part = self._not()
            self._depth -= 1
            return NoneOf(part, token.at)
        if self._is_signed():
            sign, part = self._sign(), self._term()
            return part if sign > 0 else NoneOf(part, token.at)
        return self._term()

    def _term(self) -> Node:
        token = self._peek()
        if self._take("("):
            self._deeper(token.at)
            tree = self._or()
            self._depth -= 1
            if not self._take(")"):
                self._fail(token.at, "this parenthesis is not closed", "add ')'")
            return tree
        if token.kind == "word" and self._peek(1).text == ":" and self._peek(1).kind == "op":
            return self._prefixed()
        if token.kind == "word" and token.text in self._columns and self._peek(1).kind == "op":
            return self._compared()
        return self._concept()

    def _prefixed(self) -> Node:
        """`like:`, `text:`, `shows:`, or a column."""
        name = self._advance()
        self._advance()
        exact = name.text == "text" and self._take_op("=")
        value = self._value(f"{name.text}: needs a value", f'write {name.text}:"..."')
        if name.text not in {"text", "like", "shows"}:
            return Field(name.text, ":", value + self._rest_of_value(), name.at)
        boost = self._boost() if self._peek().text == "^" else 1.0
        if name.text == "shows":
            self._refuse_bound()
            return Concept(value, name.at, boost=boost, shown=True)
        if name.text == "text":
            return Text(value, name.at, boost, exact)
        edits = []
        while self._is_signed():
            edits.append((self._sign(), self._edit()))
        return Like(value, name.at, tuple(edits), boost)

    def _refuse_bound(self) -> None:
        token = self._peek()
        if token.kind == "op" and token.text in _ORDERS:
            self._fail(
                token.at, "shows: takes no < or >", f"bound a plain word: dog{token.text}0.5"
            )

    def _edit(self) -> Concept:
        if self._peek(1).text == ":" and self._peek(1).kind == "op":
            token = self._peek()
            self._fail(token.at, "an edit of like: is a concept", f"write NOT {token.text}:...")
        concept = self._concept()
        if concept.above is not None or concept.below is not None:
            self._fail(
                concept.at, "an edit of like: takes no < or >", f"write {concept.text}^2 for more"
            )
        return concept

    def _compared(self) -> Node:
        name, op = self._advance(), self._advance()
        if op.text not in {*_ORDERS, "="}:
            self._fail(op.at, f"{op.text!r} does not compare", "use :, =, <, <=, > or >=")
        token = self._advance()
        if token.kind not in {"word", "quoted", "and", "or", "not"}:
            self._fail(
                token.at, f"a value must follow {op.text!r}", f'write {name.text}{op.text}"..."'
            )
        return Field(name.text, op.text, token.text + self._rest_of_value(), name.at)

    def _rest_of_value(self) -> str:
        """What follows the first part of a value without a space: the `:11:12` of a time."""
        rest, last = "", self._tokens[self._next - 1]
        while last.kind == "word" and self._peek().text == ":" and self._peek().at == last.end:
            last = self._peek(1)
            if last.kind != "word" or last.at != self._peek().end:
                break
            rest += f":{last.text}"
            self._next += 2
        return rest

    def _is_signed(self) -> bool:
        """Whether `+x`, `-"x y"` or `-(x y)` follows, and not a hyphen alone."""
        token, after = self._peek(), self._peek(1)
        if token.kind != "word" or token.text[0] not in "-+":
            return False
        opens = after.kind in {"quoted", "("} or after.text == "="
        return len(token.text) > 1 or (after.at == token.end and opens)

    def _sign(self) -> int:
        """Remove the sign from the word that starts with it."""
        token = self._advance()
        if len(token.text) > 1:
            self._next -= 1
            self._tokens[self._next] = Token("word", token.text[1:], token.at + 1, token.end)
        return 1 if token.text[0] == "+" else -1

    def _concept(self) -> Concept:
        first = self._peek()
        exact = first.kind == "op" and first.text == "="
        if exact:
            self._advance()
        text = self._value("a concept is missing", "name one, or remove the operator")
        above = below = None
        boost = 1.0
        while self._peek().kind == "op" and self._peek().text in {*_ORDERS, "^"}:
            if self._peek().text == "^":
                boost = self._boost()
                continue
            op = self._advance()
            number = self._number(op)
            if not 0 <= number <= 1:
                self._fail(op.at, f"presence {number:g} is not between 0 and 1", "try >0.5")
            if op.text[0] == ">":
                above = number
            else:
                below = number
        return Concept(text, first.at, exact, above, below, boost)

    def _boost(self) -> float:
        op = self._advance()
        boost = self._number(op)
        if not 0 < boost <= 100:
            self._fail(op.at, f"boost {boost:g} is not between 0 and 100", "try ^2")
        return boost

    def _value(self, cause: str, hint: str) -> str:
        token = self._advance()
        if token.kind not in {"word", "quoted"}:
            self._fail(token.at, cause, hint)
        if not token.text.strip():
            self._fail(token.at, "nothing between the quotes", hint)
        return token.text

    def _number(self, op: Token) -> float:
        token = self._advance()
        if token.kind != "word" or not re.fullmatch(
            r"[+-]?(\d+\.?\d*|\.\d+)", token.text, re.ASCII
        ):
            self._fail(token.at, f"a number must follow {op.text!r}", f"write {op.text}0.5")
        return float(token.text)

    def _deeper(self, at: int) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            self._fail(at, f"nested more than {DEEPEST} deep", "simplify the query")

    def _take(self, kind: str) -> bool:
        if self._peek().kind == kind:
            self._next += 1
            return True
        return False

    def _take_op(self, op: str) -> bool:
        if self._peek().kind == "op" and self._peek().text == op:
            self._next += 1
            return True
        return False

    def _peek(self, ahead: int = 0) -> Token:
        return self._tokens[min(self._next + ahead, len(self._tokens) - 1)]

    def _advance(self) -> Token:
        token = self._peek()
        self._next += 1
        return token

    def _fail(self, at: int, cause: str, hint: str) -> NoReturn:
        raise QueryError(self._query, at, cause, hint)
