"""The nodes of a query's tree.

`at` is the offset of a node in the query text. It is for messages only: equality ignores it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept in the image, with bounds on its presence probability if given."""

    text: str
    at: int = field(compare=False)
    exact: bool = False
    above: float | None = None
    below: float | None = None
    boost: float = 1.0

    @property
    def faint(self) -> bool:
        """Whether the query asks only for a low probability, as in `dog<0.2`."""
        return self.below is not None and self.above is None


@dataclass(frozen=True, slots=True)
class Field:
    """A condition on a payload column, `name op value`; `:` matches text with wildcards."""

    name: str
    op: str
    value: str
    at: int = field(compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A sentence for the text encoder."""

    text: str
    at: int = field(compare=False)
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class Like:
    """An indexed image or a file, with concepts to remove (sign -1) or to add (+1)."""

    path: str
    at: int = field(compare=False)
    edits: tuple[tuple[int, Concept], ...] = ()
    boost: float = 1.0


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts must match."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part must match."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """The part must not match."""

    part: Node
    at: int = field(compare=False)


Node: TypeAlias = Concept | Field | Text | Like | AllOf | AnyOf | NoneOf
