"""Queries as values: `c("dog") & ~c("person") & (col("taken") > date(2024, 3, 1))`.

A value goes wherever the text of a query goes; `str` writes that text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, TypeAlias

from splicedex.indexer.sources.location import printable
from splicedex.search.query.nodes import (
    AllOf,
    AnyOf,
    Concept,
    Field,
    Like,
    Node,
    NoneOf,
    Text,
)
from splicedex.search.query.written import decimal, written
from splicedex.splice.errors import UserError

Value: TypeAlias = str | bool | int | float | date
"""What a column is compared with."""
_NO_NAMES = frozenset({"and", "or", "not"})
_PREFIXES = frozenset({"text", "like", "shows"})
"""What means something else before a `:`."""
_MAX_BOOST = 100.0


@dataclass(frozen=True, eq=False)
class Query:
    """A query, or a part of one. `&`, `|` and `~` combine them; `str` writes the query's text.

    Args:
        tree: Its tree.

    Example:
        >>> print((c("dog") | c("cat")) & ~c("hot dog"))
        ("dog" OR "cat") AND NOT "hot dog"
    """

    tree: Node

    def __and__(self, other: Query) -> Query:
        """Both hold."""
        if not isinstance(other, Query):
            return NotImplemented
        return Query(AllOf((*_parts(self.tree, AllOf), *_parts(other.tree, AllOf))))

    def __or__(self, other: Query) -> Query:
        """One of them holds, or both."""
        if not isinstance(other, Query):
            return NotImplemented
        return Query(AnyOf((*_parts(self.tree, AnyOf), *_parts(other.tree, AnyOf))))

    def __invert__(self) -> Query:
        """It does not hold."""
        if isinstance(self.tree, NoneOf):
            return Query(self.tree.part)
        return Query(NoneOf(self.tree, 0))

    def __bool__(self) -> bool:
        """A query is neither true nor false: `and`, `or` and `not` would lose a part of it."""
        raise TypeError("write & for and, | for or, ~ for not, with parentheses around comparisons")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Query) and self.tree == other.tree

    def __hash__(self) -> int:
        return hash(self.tree)

    def __str__(self) -> str:
        return written(self.tree)

    def __repr__(self) -> str:
        return f"<Query {self}>"


class ConceptQuery(Query):
    """A concept. `>` and `<` bound its presence: `c("dog") > 0.6`."""

    def __gt__(self, bound: float) -> ConceptQuery:
        """With at least this presence, from 0 to 1."""
        return ConceptQuery(replace(self._boundable(), above=_presence(bound)))

    def __ge__(self, bound: float) -> ConceptQuery:
        """The same as `>`."""
        return self > bound

    def __lt__(self, bound: float) -> ConceptQuery:
        """With less than this presence, from 0 to 1."""
        return ConceptQuery(replace(self._boundable(), below=_presence(bound)))

    def __le__(self, bound: float) -> ConceptQuery:
        """The same as `<`."""
        return self < bound

    def _boundable(self) -> Concept:
        assert isinstance(self.tree, Concept)
        if self.tree.shown:
            raise UserError("what an image is said to show has no bound", 'bound c("dog") instead')
        return self.tree


def c(name: str, *, exact: bool = False, shown: bool = False, boost: float = 1.0) -> ConceptQuery:
    """A concept, by its name or another word for it.

    Args:
        name: The word or phrase.
        exact: Only this concept, without its near-synonyms.
        shown: Images that are said to show it unasked, as `shows:NAME`.
        boost: How much it counts in the ranking, above 0 and at most 100.

    Returns:
        The query; `c("dog") > 0.6` bounds its presence.

    Raises:
        UserError: The name is blank, both `exact` and `shown` are set, or a number is out of range.

    Example:
        >>> print(c("dog") & ~c("person", boost=2) & (c("beach") > 0.5))
        "dog" AND NOT "person"^2 AND "beach">0.5
    """
    if exact and shown:
        raise UserError("exact and shown ask for different things", "leave one of them out")
    return ConceptQuery(
        Concept(_worded(name, "a concept"), 0, exact=exact, boost=_boost(boost), shown=shown)
    )


def text(sentence: str, *, literally: bool = False, boost: float = 1.0) -> Query:
    """The images most similar to a sentence. It ranks; what the sentence denies is filtered out.

    Args:
        sentence: The sentence.
        literally: Take it as it is: "no people" is words for the encoder, and filters nothing.
        boost: How much it counts beside other parts that rank.

    Raises:
        UserError: It is blank, or the boost is out of range.

    Example:
        >>> print(text("a photo at dusk") & c("dog"))
        text:"a photo at dusk" AND "dog"
    """
    return Query(Text(_worded(sentence, "a sentence"), 0, _boost(boost), literally))


def like(
    image: str | Any,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    boost: float = 1.0,
) -> Query:
    """The images most similar to an image. It ranks and does not filter.

    Args:
        image: An image of the index by name, path or id, a file, or a hit.
        add: Concepts to add to the image.
        remove: Concepts to remove from it.
        boost: How much it counts beside other parts that rank.

    Raises:
        UserError: A name is blank, or the boost is out of range.

    Example:
        >>> print(like("beach.jpg", remove=["person"]))
        like:"beach.jpg" -"person"
    """
    name = getattr(image, "id", None) or printable(str(image))
    edits = tuple(
        (sign, Concept(_worded(word, "a concept"), 0))
        for sign, words in ((-1, remove), (1, add))
        for word in ([words] if isinstance(words, str) else words)
    )
    return Query(Like(_worded(name, "an image"), 0, edits, _boost(boost)))


@dataclass(frozen=True, eq=False)
class Column:
    """A column of the user's, to be compared with a value: `col("width") > 1000`.

    A `date` is the whole day, as in the query language: `==` finds what lies in it, `>` what is
    after it. A `datetime` is that moment.

    Args:
        name: Its name.
    """

    name: str

    def __eq__(self, value: Value) -> Query:  # type: ignore[override]
        """The column has this value."""
        if not _is_day(value):
            return self._compared("=", value)
        if self.name in _PREFIXES:  # `text:` is a sentence
            return (self >= value) & (self <= value)
        return self._compared(":", value)

    def __ne__(self, value: Value) -> Query:  # type: ignore[override]
        """The column does not have this value."""
        return ~(self == value)

    def __lt__(self, value: Value) -> Query:
        """The column is below a value."""
        return self._compared("<", value)

    def __le__(self, value: Value) -> Query:
        """The column is a value or below."""
        return self._compared("<=", value)

    def __gt__(self, value: Value) -> Query:
        """The column is above a value."""
        return self._compared(">", value)

    def __ge__(self, value: Value) -> Query:
        """The column is a value or above."""
        return self._compared(">=", value)

    def __hash__(self) -> int:
        return hash(self.name)

    def isin(self, values: Iterable[Value]) -> Query:
        """The column has one of these values.

        Args:
            values: One value or more.

        Raises:
            UserError: There is none.
        """
        parts = [(self == value).tree for value in values]
        if not parts:
            raise UserError(f"no value for {self.name!r}", "give one or more")
        return Query(parts[0] if len(parts) == 1 else AnyOf(tuple(parts)))

    def matches(self, pattern: str) -> Query:
        """The column matches a pattern: `*` stands for any characters, `?` for one.

        Args:
            pattern: The pattern, such as `2024/*`; for a date a span, such as `2024-03`.

        Raises:
            UserError: The pattern is blank, or the column has a name that means something else.
        """
        if self.name in _PREFIXES:
            raise UserError(f"{self.name}: means something else in a query", "compare it with ==")
        return Query(Field(self.name, ":", _worded(pattern, "a pattern"), 0))

    def _compared(self, op: str, value: Value) -> Query:
        return Query(Field(self.name, op, _valued(value), 0))


def col(name: str) -> Column:
    """A column of the user's, to be compared with a value.

    Args:
        name: Its name.

    Returns:
        The column; `==`, `!=`, `<`, `<=`, `>`, `>=`, `isin` and `matches` make a query of it.

    Raises:
        UserError: No column has such a name.

    Example:
        >>> from datetime import date
        >>> print((col("taken") > date(2024, 3, 1)) & (col("label") == "cat"))
        taken>"2024-03-01" AND label="cat"
    """
    from splicedex.indexer.sources.tables.column_names import is_name

    if not isinstance(name, str) or not is_name(name) or name.casefold() in _NO_NAMES:
        raise UserError(f"{name!r} is no name of a column", "name it as `splicedex info` does")
    return Column(name)


def _parts(node: Node, kind: type[AllOf] | type[AnyOf]) -> tuple[Node, ...]:
    return node.parts if isinstance(node, kind) else (node,)


def _worded(words: str, what: str) -> str:
    """Text that a query can hold.

    Raises:
        UserError: It is blank, or holds half a character.
    """
    if not isinstance(words, str) or not words.strip():
        raise UserError(f"{words!r} is not {what}", "give a text that is not blank")
    return _whole(words)


def _whole(words: str) -> str:
    try:
        words.encode()
    except UnicodeEncodeError as error:
        raise UserError(f"{words!r} holds half a character", "write it in UTF-8") from error
    return words


def _is_day(value: object) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _valued(value: Any) -> str:
    """A value as a query names it."""
    if hasattr(value, "item") and not isinstance(value, str | date):  # a NumPy number
        value = value.item()
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return decimal(value)
        case datetime():
            return value.isoformat(timespec="microseconds")
        case date():
            return value.isoformat()
        case str():
            return _whole(value)
        case _:
            raise UserError(
                f"no column holds {value!r}", "compare it with a text, a number, a date or a bool"
            )


def _presence(bound: float) -> float:
    if not 0 <= bound <= 1:
        raise UserError(f"presence {bound:g} is not between 0 and 1", "try 0.5")
    return float(bound)


def _boost(boost: float) -> float:
    if not 0 < boost <= _MAX_BOOST:
        raise UserError(f"boost {boost:g} is not between 0 and 100", "try 2")
    return float(boost)
