"""The queries and filters that an engine answers, independent of Qdrant's libraries.

A small algebra: filters are trees of `Match`, `Range`, `HasId`, `And`, `Or`, `Not`; rankings are
`Nearest` (dense or sparse) or a `Fusion` of several. `indexer.engines.convert` translates them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

DENSE = "clip"
"""Name of the dense vector: the CLIP embedding, compared by cosine."""
SPARSE = "concepts"
"""Name of the sparse vector: SpLiCE weights, one dimension per concept."""

Scalar: TypeAlias = str | int | bool


@dataclass(frozen=True, slots=True)
class Match:
    """The payload field `key`, or an element of it if it is a list, equals one of `values`.

    `key` is a path such as `tags.dog`. Its parts are quoted if they contain other characters than
    letters, digits, `_` and `-`. Types matter: 1 equals neither True nor 1.0.
    """

    key: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The numeric payload field `key` lies within the bounds that are not None.

    Whole numbers are compared exactly, if the bounds are of type `int`.
    """

    key: str
    gt: float | None = None
    gte: float | None = None
    lt: float | None = None
    lte: float | None = None


@dataclass(frozen=True, slots=True)
class HasId:
    """The point is one of `ids`."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold. Without parts it holds for every point."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds. Without parts it holds for no point."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Filter


Filter: TypeAlias = Match | Range | HasId | And | Or | Not


def conjuncts(tree: Filter) -> list[Filter]:
    """The parts of nested `And`s as a flat list."""
    if isinstance(tree, And):
        return [one for part in tree.parts for one in conjuncts(part)]
    return [tree]


def disjuncts(tree: Filter) -> list[Filter]:
    """The parts of nested `Or`s as a flat list."""
    if isinstance(tree, Or):
        return [one for part in tree.parts for one in disjuncts(part)]
    return [tree]


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Non-zero entries of a concept vector: `indices` (k,) ascending, `values` (k,)."""

    indices: NDArray[np.int64]
    values: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Nearest:
    """Rank by inner product with a concept vector, or by cosine with a dense vector (d,).

    A sparse query ranks only points that share a non-zero entry with it.
    """

    vector: NDArray[np.float32] | SparseVector
    filter: Filter | None = None
    """Another filter, besides the query's. It applies before `among` counts."""
    exact: bool = False
    """Whether to scan all vectors instead of walking the graph (dense only)."""
    width: int | None = None
    """Size of the candidate list of a graph walk (HNSW's `ef`); None for the engine's default.
    Larger values find more of the nearest vectors and take longer."""
    among: int | None = None
    """Apply the query's filter only to this many nearest images that pass the ranking's own filter.
    Other images that pass both are not found (dense only, and not in a fusion)."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """Several rankings, merged by the engine.

    `rrf` adds 1 / (k + rank / weight) over the parts, ranks from 1, which with weights of 1 is
    Cormack et al. 2009; a weight of 0 removes a part. `dbsf` adds scores after scaling each part by
    its mean and standard deviation, and takes no weights.
    """

    parts: tuple[Nearest, ...]
    kind: Literal["rrf", "dbsf"] = "rrf"
    weights: tuple[float, ...] | None = None
    k: int = 60
    depth: int = 100
    """Number of candidates of each part."""


Ranking: TypeAlias = Nearest | Fusion


@dataclass(frozen=True, slots=True)
class Query:
    """A request: rank the points that pass the filter; without a ranking, sort them by id."""

    ranking: Ranking | None = None
    filter: Filter | None = None
    limit: int = 10
    offset: int = 0
    with_payload: bool | tuple[str, ...] = True
    """All payload fields, none, or those named."""
    with_dense: bool = False
    with_concepts: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A point returned by an engine. Parts that were not requested are None or empty."""

    id: str
    score: float
    payload: dict[str, Any] = field(default_factory=dict)
    dense: NDArray[np.float32] | None = None
    concepts: SparseVector | None = None
