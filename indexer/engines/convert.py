"""What both engines share of Qdrant's ways: which parts of a point to send, and how they return."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from splicedex.indexer.engines.query import DENSE, SPARSE, Hit, Range, Scalar, SparseVector
from splicedex.splice.align import Matrix

FAR = 4.0
"""More than two cosines can differ by."""


def payload_fields(with_payload: bool | tuple[str, ...]) -> bool | list[str]:
    """Qdrant's payload selector."""
    return with_payload if isinstance(with_payload, bool) else list(with_payload)


def vector_names(with_dense: bool, with_concepts: bool) -> list[str]:
    """Qdrant's vector selector."""
    return [DENSE] * with_dense + [SPARSE] * with_concepts


def by_type(values: tuple[Scalar, ...]) -> tuple[list[str], list[int], list[bool]]:
    """Values to match, parted into words, integers and flags: Qdrant mixes no types in a match."""
    return (
        [value for value in values if isinstance(value, str)],
        [int(value) for value in values if not isinstance(value, str | bool)],
        [value for value in values if isinstance(value, bool)],
    )


def one_bound_a_side(tree: Range) -> dict[str, float | None]:
    """The bounds that bind, by name: of `gt` with `gte`, or `lt` with `lte`, an index reads one."""
    gt, gte, lt, lte = tree.gt, tree.gte, tree.lt, tree.lte
    if gt is not None and gte is not None:
        gt, gte = (gt, None) if gt >= gte else (None, gte)
    if lt is not None and lte is not None:
        lt, lte = (lt, None) if lt <= lte else (None, lte)
    return {"gt": gt, "gte": gte, "lt": lt, "lte": lte}


def to_hit(point: Any, score: float = 0.0) -> Hit:
    """A record or scored point of either library as ours."""
    vectors = point.vector or {}
    dense, sparse = vectors.get(DENSE), vectors.get(SPARSE)
    return Hit(
        id=str(point.id),
        score=score,
        payload=point.payload or {},
        dense=None if dense is None else _floats(dense),
        concepts=None if sparse is None else _sparse(sparse),
    )


def _sparse(vector: Any) -> SparseVector:
    indices = np.fromiter(vector.indices, np.int64, len(vector.indices))
    return SparseVector(indices, _floats(vector.values))


def _floats(numbers: list[float]) -> Matrix:
    """An array that cannot be written to."""
    # NumPy looks at each number to see what it is, and takes three to six times as long.
    return np.frombuffer(struct.pack(f"{len(numbers)}f", *numbers), np.float32)
