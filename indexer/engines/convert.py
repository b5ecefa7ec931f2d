"""Translation between our query algebra and Qdrant, shared by both engines.

Qdrant Edge and qdrant-client have the same filters and requests, but classes of their own. `Codec`
walks over the algebra and leaves the construction of each object to a subclass.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import numpy as np

from splicedex.indexer.engines.query import (
    DENSE,
    SPARSE,
    And,
    Filter,
    Fusion,
    HasId,
    Hit,
    Match,
    Nearest,
    Not,
    Or,
    Query,
    Range,
    Scalar,
    SparseVector,
    conjuncts,
    disjuncts,
)
from splicedex.indexer.engines.wide_range import in_steps, is_wide
from splicedex.splice.align import Matrix

FAR = 4.0
"""More than the largest difference of two cosines."""

SameType: TypeAlias = list[str] | list[int] | bool
"""Values to match: several words, several integers, or one flag."""
Bounds: TypeAlias = dict[Literal["gt", "gte", "lt", "lte"], float | None]

ConditionT = TypeVar("ConditionT")
FilterT = TypeVar("FilterT")
PrefetchT = TypeVar("PrefetchT")
RequestT = TypeVar("RequestT")


class Codec(ABC, Generic[ConditionT, FilterT, PrefetchT, RequestT]):
    """Translates queries and filters into the classes of one Qdrant library.

    The type parameters are the library's classes. A filter may serve as a condition.
    """

    def filter(self, *trees: Filter | None) -> FilterT | None:
        """Translate filters that must all hold; None where they exclude nothing.

        All conditions are on one level: the engine estimates better what it sees at once.
        """
        parts = [part for tree in trees if tree is not None for part in conjuncts(tree)]
        if not parts:
            return None
        return self._all(
            [self.condition(part) for part in parts if not isinstance(part, Not)],
            [self.condition(part.part) for part in parts if isinstance(part, Not)],
        )

    def condition(self, tree: Filter) -> ConditionT | FilterT:
        """Translate a filter into a part of another filter."""
        match tree:
            case Match(key, values):
                return self._any([self._match(key, same) for same in _by_type(values)])
            case Range() if is_wide(tree):
                return self.condition(in_steps(tree))
            case Range(key):
                return self._range(key, _bounds(tree))
            case HasId(ids):
                return self._has_id(ids)
            case And(parts):
                return self._all([self.condition(part) for part in parts], [])
            case Or():
                return self._any([self.condition(part) for part in _merged(tree)])
            case Not(part):
                return self._all([], [self.condition(part)])

    def request(self, query: Query) -> RequestT:
        """Translate a query into one request."""
        options: dict[str, Any] = {
            "limit": query.limit,
            "offset": query.offset,
            "with_payload": payload_fields(query.with_payload),
            "with_vector": vector_names(query.with_dense, query.with_concepts),
        }
        match query.ranking:
            case None:
                return self._request([], filter=self.filter(query.filter), **options)
            case Nearest(among=int(among)) as nearest:
                return self._request(
                    [self._candidates(nearest, among)],
                    query=self._penalty(Not(query.filter or And(()))),
                    score_threshold=-FAR / 2,
                    **options,
                )
            case Nearest() as nearest:
                passing = self.filter(query.filter, nearest.filter)
                return self._request([], filter=passing, **self._nearest(nearest), **options)
            case Fusion() as fusion:
                # Qdrant applies the filter of a request to its prefetches too.
                return self._request(
                    [self._candidates(part, fusion.depth) for part in fusion.parts],
                    query=self._fusion(fusion),
                    filter=self.filter(query.filter),
                    **options,
                )

    def _candidates(self, nearest: Nearest, limit: int) -> PrefetchT:
        passing = self.filter(nearest.filter)
        return self._prefetch(filter=passing, limit=limit, **self._nearest(nearest))

    def _any(self, conditions: list[ConditionT | FilterT]) -> ConditionT | FilterT:
        if not conditions:
            return self._has_id(())  # Qdrant reads an empty "or" as true
        return conditions[0] if len(conditions) == 1 else self._either(conditions)

    @abstractmethod
    def _match(self, key: str, values: SameType) -> ConditionT:
        """The field has one of the values."""

    @abstractmethod
    def _range(self, key: str, bounds: Bounds) -> ConditionT:
        """The field lies within bounds."""

    @abstractmethod
    def _has_id(self, ids: tuple[str, ...]) -> ConditionT:
        """The point has one of the ids."""

    @abstractmethod
    def _all(self, true: list[ConditionT | FilterT], false: list[ConditionT | FilterT]) -> FilterT:
        """All conditions of `true` hold, and none of `false`."""

    @abstractmethod
    def _either(self, conditions: list[ConditionT | FilterT]) -> FilterT:
        """At least one of the conditions holds."""

    @abstractmethod
    def _request(self, prefetches: list[PrefetchT], **arguments: Any) -> RequestT:
        """A request."""

    @abstractmethod
    def _prefetch(self, **arguments: Any) -> PrefetchT:
        """A ranking inside a request."""

    @abstractmethod
    def _nearest(self, nearest: Nearest) -> dict[str, Any]:
        """Arguments of `_request` and `_prefetch` that rank by a vector."""

    @abstractmethod
    def _penalty(self, failing: Filter) -> Any:
        """A formula: the score of the prefetch, less `FAR` for points that `failing` holds for."""

    @abstractmethod
    def _fusion(self, fusion: Fusion) -> Any:
        """The merging of prefetches."""


def rrf_k(fusion: Fusion) -> int:
    """The k that Qdrant has to be given: it adds 1 / (k - 1 + rank / weight)."""
    return fusion.k + 1


def rrf_weights(fusion: Fusion) -> list[float] | None:
    """The weights of the parts of a fusion; None where all are 1."""
    return None if fusion.weights is None else list(fusion.weights)


def payload_fields(with_payload: bool | tuple[str, ...]) -> bool | list[str]:
    """Translate our payload selector into Qdrant's."""
    return with_payload if isinstance(with_payload, bool) else list(with_payload)


def vector_names(with_dense: bool, with_concepts: bool) -> list[str]:
    """Translate our vector selector into Qdrant's."""
    return [DENSE] * with_dense + [SPARSE] * with_concepts


def to_hit(point: Any, score: float = 0.0) -> Hit:
    """Translate a record or scored point of either library."""
    vectors = point.vector or {}
    dense, sparse = vectors.get(DENSE), vectors.get(SPARSE)
    return Hit(
        id=str(point.id),
        score=score,
        payload=point.payload or {},
        dense=None if dense is None else _floats(dense),
        concepts=None if sparse is None else _sparse(sparse),
    )


def _by_type(values: tuple[Scalar, ...]) -> list[SameType]:
    """Group values by type, because one match of Qdrant takes values of one type."""
    words = [value for value in values if isinstance(value, str)]
    numbers = [int(value) for value in values if not isinstance(value, str | bool)]
    flags = [value for value in values if isinstance(value, bool)]
    groups: list[SameType] = []
    if words:
        groups.append(words)
    if numbers:
        groups.append(numbers)
    return [*groups, *flags]


def _bounds(tree: Range) -> Bounds:
    """The bounds without the weaker one of `gt` and `gte`, and of `lt` and `lte`.

    Qdrant's index reads only one bound per side.
    """
    gt, gte, lt, lte = tree.gt, tree.gte, tree.lt, tree.lte
    if gt is not None and gte is not None:
        gt, gte = (gt, None) if gt >= gte else (None, gte)
    if lt is not None and lte is not None:
        lt, lte = (lt, None) if lt <= lte else (None, lte)
    return {"gt": gt, "gte": gte, "lt": lt, "lte": lte}


def _merged(tree: Or) -> list[Filter]:
    """The parts of an "or", flat, with one `Match` per field.

    A match with a list of values takes a quarter of the time of an "or" of matches.
    """
    values: dict[str, tuple[Scalar, ...]] = {}
    others: list[Filter] = []
    for part in disjuncts(tree):
        if isinstance(part, Match):
            values[part.key] = values.get(part.key, ()) + part.values
        else:
            others.append(part)
    return [*(Match(key, found) for key, found in values.items()), *others]


def _sparse(vector: Any) -> SparseVector:
    indices = np.fromiter(vector.indices, np.int64, len(vector.indices))
    return SparseVector(indices, _floats(vector.values))


def _floats(numbers: list[float]) -> Matrix:
    """A read-only float32 array."""
    # `np.array` inspects each number and takes three to six times as long.
    return np.frombuffer(struct.pack(f"{len(numbers)}f", *numbers), np.float32)
