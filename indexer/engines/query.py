"""What can be asked of an engine, in words neither engine owns.

A small algebra: filters are trees of `Match`, `Range`, `HasId`, `And`, `Or`, `Not`; rankings are
`Nearest` (dense or sparse) or a `Fusion` of several. Each engine translates it once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

DENSE = "clip"
"""Name of the dense vector: the CLIP embedding as it is, cosine."""
SPARSE = "concepts"
"""Name of the sparse vector: SpLiCE weights, one dimension a concept."""

Scalar: TypeAlias = str | int | bool


@dataclass(frozen=True, slots=True)
class Match:
    """The payload field `key` holds any of `values` (a list field: any element does).

    `key` is a path, `tags.dog`, whose parts are quoted where they hold more than letters, digits,
    `_` and `-`. Types count: 1 is neither True nor 1.0.
    """

    key: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """The numeric payload field `key` lies within the bounds that are not None."""

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
    """Every part holds; an empty one holds for every point."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds; an empty one holds for no point."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Filter


Filter: TypeAlias = Match | Range | HasId | And | Or | Not


def conjuncts(tree: Filter) -> list[Filter]:
    """What must all hold, flat."""
    if isinstance(tree, And):
        return [one for part in tree.parts for one in conjuncts(part)]
    return [tree]


def disjuncts(tree: Filter) -> list[Filter]:
    """What one of must hold, flat."""
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
    """A filter of this ranking's own, beside the query's; before `among` counts."""
    exact: bool = False
    """Scan every vector instead of walking the graph (dense only)."""
    width: int | None = None
    """Candidates that a walk of the graph keeps in view (HNSW's `ef`); None for the engine's own.
    More of them find more of the nearest, and take longer."""
    among: int | None = None
    """Let the query's filter see only so many images, the nearest that pass the ranking's own.
    There may be more that pass both (dense only, and not in a fusion)."""


@dataclass(frozen=True, slots=True)
class Fusion:
    """Merge rankings inside the engine.

    `rrf` adds 1 / (k + rank / weight) over the parts, ranks from 1, which with weights of 1 is
    Cormack et al. 2009; a weight of 0 mutes a part. `dbsf` adds scores after scaling each part by
    its own mean and deviation, and takes no weights.
    """

    parts: tuple[Nearest, ...]
    kind: Literal["rrf", "dbsf"] = "rrf"
    weights: tuple[float, ...] | None = None
    k: int = 60
    depth: int = 100
    """How many candidates each part contributes."""


Ranking: TypeAlias = Nearest | Fusion


@dataclass(frozen=True, slots=True)
class Query:
    """One request: rank what passes the filter; without a ranking, points come in id order."""

    ranking: Ranking | None = None
    filter: Filter | None = None
    limit: int = 10
    offset: int = 0
    with_payload: bool | tuple[str, ...] = True
    """All fields, none, or the named ones."""
    with_dense: bool = False
    with_concepts: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A point an engine returned; parts that were not asked for are None or empty."""

    id: str
    score: float
    payload: dict[str, Any] = field(default_factory=dict)
    dense: NDArray[np.float32] | None = None
    concepts: SparseVector | None = None
