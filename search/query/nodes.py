"""The nodes of a query's tree, and the error of a query that cannot be read.

The position of a node in the query (`at`) serves messages only: nodes that mean the same are equal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from splicedex.splice.errors import UserError


class QueryError(UserError):
    """A query that cannot be read.

    Args:
        query: The query.
        at: Offset of the first character that is wrong.
        cause: What is wrong there.
        hint: What to do about it.
    """

    def __init__(self, query: str, at: int, cause: str, hint: str) -> None:
        super().__init__(f"query, character {at + 1}: {cause}", hint)
        self.query = query
        self.at = at


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept, with a presence between `above` and `below` if they are given.

    With `shown`, an image matches if it is said to show the concept.
    """

    text: str
    at: int = field(compare=False)
    exact: bool = False
    above: float | None = None
    below: float | None = None
    boost: float = 1.0
    shown: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether it asks for presence as such: `dog`."""
        return self.above is None and self.below is None and not self.shown

    @property
    def faint(self) -> bool:
        """Whether it asks for low presence, as in `dog<0.2`."""
        return self.below is not None and self.above is None


@dataclass(frozen=True, slots=True)
class Field:
    """A condition on a payload column: `name op value`; `:` matches text with `*` wildcards."""

    name: str
    op: str
    value: str
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence, for the text encoder; with `exact`, it was asked for literally."""

    text: str
    at: int = field(compare=False)
    boost: float = 1.0
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Like:
    """An image, indexed or a file, with concepts suppressed (sign -1) or added (+1)."""

    path: str
    at: int = field(compare=False)
    edits: tuple[tuple[int, Concept], ...] = ()
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Among:
    """The image is one of some, by point id. No text means this: selections are made of it."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Some part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """The part does not hold."""

    part: Node
    at: int = field(compare=False)


Node: TypeAlias = Concept | Field | Text | Like | Among | AllOf | AnyOf | NoneOf
