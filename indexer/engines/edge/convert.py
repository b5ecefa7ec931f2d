"""The query algebra and batches of points in the words of Qdrant Edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import qdrant_edge as edge

from splicedex.indexer.engines.base import Batch
from splicedex.indexer.engines.convert import (
    FAR,
    by_type,
    one_bound_a_side,
    payload_fields,
    vector_names,
)
from splicedex.indexer.engines.query import (
    DENSE,
    SPARSE,
    And,
    Filter,
    Fusion,
    HasId,
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

_EXACT = edge.SearchParams(exact=True)
# Twice as many finds as asked for, scored anew with the original vectors, and two hops where a
# filter leaves holes in the graph (ACORN, Patel et al. 2024): recall@20 of texts among the tenth of
# 100,000 images that a column names is .11 without the latter, .88 without the former, else .99.
# What is found only to be filtered is many times what will be left of it anyway.
_TWICE = edge.QuantizationSearchParams(rescore=True, oversampling=2.0)
_ONCE = edge.QuantizationSearchParams(rescore=True, oversampling=1.0)
_TWO_HOPS = edge.AcornSearchParams(enable=True, max_selectivity=1.0)


def to_points(batch: Batch) -> list[edge.Point]:
    """Points to upsert."""
    # Slices of a memoryview spare a copy and a list of boxed floats; the stubs know only lists.
    dense: Any = np.ascontiguousarray(batch.dense, dtype=np.float32).ravel().data
    indices: Any = batch.concepts.indices.data
    values: Any = batch.concepts.data.data
    dim, bounds = batch.dense.shape[1], batch.concepts.indptr.tolist()
    return [
        edge.Point(
            point,
            {
                DENSE: dense[row * dim : (row + 1) * dim],
                SPARSE: edge.SparseVector(indices[start:stop], values[start:stop]),
            },
            payload,
        )
        for row, (point, payload, start, stop) in enumerate(
            zip(batch.ids, batch.payloads, bounds[:-1], bounds[1:], strict=True)
        )
    ]


def to_request(query: Query) -> edge.QueryRequest:
    """A query, in one request."""
    asked: dict[str, Any] = {
        "limit": query.limit,
        "offset": query.offset,
        "with_payload": payload_fields(query.with_payload),
        "with_vector": vector_names(query.with_dense, query.with_concepts),
    }
    match query.ranking:
        case Nearest(among=int(among)) as nearest:
            return edge.QueryRequest(
                prefetches=[
                    edge.Prefetch(
                        limit=among,
                        query=_nearest(nearest),
                        params=_params(nearest),
                        filter=to_filter(nearest.filter),
                    )
                ],
                query=_only_passing(query.filter),
                score_threshold=-FAR / 2,
                **asked,
            )
        case Nearest() as nearest:
            return edge.QueryRequest(
                query=_nearest(nearest),
                params=_params(nearest),
                filter=to_filter(query.filter, nearest.filter),
                **asked,
            )
        case Fusion() as fusion:
            # Edge applies a request's filter to its prefetches too.
            return edge.QueryRequest(
                query=_fusion(fusion),
                prefetches=[
                    edge.Prefetch(
                        limit=fusion.depth,
                        query=_nearest(part),
                        params=_params(part),
                        filter=to_filter(part.filter),
                    )
                    for part in fusion.parts
                ],
                filter=to_filter(query.filter),
                **asked,
            )
        case None:
            return edge.QueryRequest(filter=to_filter(query.filter), **asked)


def _nearest(nearest: Nearest) -> edge.Query:
    if isinstance(nearest.vector, SparseVector):
        sparse = edge.SparseVector(nearest.vector.indices.tolist(), nearest.vector.values.tolist())
        return edge.Query.Nearest(sparse, using=SPARSE)
    return edge.Query.Nearest(nearest.vector.tolist(), using=DENSE)


def _only_passing(passing: Filter | None) -> edge.Formula:
    """The score as it is of what passes, and far below of what does not."""
    missed = edge.Expression.Condition(to_condition(Not(passing or And(()))))
    far = edge.Expression.Mult([edge.Expression.Constant(-FAR), missed])
    return edge.Formula(edge.Expression.Sum([edge.Expression.Variable("$score"), far]))


def _params(nearest: Nearest) -> edge.SearchParams:
    if nearest.exact:
        return _EXACT
    quantization = _TWICE if nearest.among is None else _ONCE
    return edge.SearchParams(hnsw_ef=nearest.width, quantization=quantization, acorn=_TWO_HOPS)


def _fusion(fusion: Fusion) -> Any:
    if fusion.kind == "dbsf":
        return edge.Fusion.Dbsf()
    # Edge's own k is one more: it adds 1 / (k - 1 + rank / weight).
    weights = None if fusion.weights is None else list(fusion.weights)
    return edge.Fusion.Rrf(k=fusion.k + 1, weights=weights)


def to_filter(*trees: Filter | None) -> edge.Filter | None:
    """What passes all of the trees, None where they ask nothing.

    All that must hold stands side by side: the engine estimates better what it sees at once.
    """
    parts = [part for tree in trees if tree is not None for part in conjuncts(tree)]
    if not parts:
        return None
    return edge.Filter(
        must=[to_condition(part) for part in parts if not isinstance(part, Not)],
        must_not=[to_condition(part.part) for part in parts if isinstance(part, Not)],
    )


def to_condition(tree: Filter) -> Any:
    """A tree as a part of an Edge filter."""
    match tree:
        case Match(key, values):
            return _any([edge.FieldCondition(key, match=match) for match in _matches(values)])
        case Range(key):
            return edge.FieldCondition(key, range=edge.RangeFloat(**one_bound_a_side(tree)))
        case HasId(ids):
            return edge.HasIdCondition(set(ids))
        case And(parts):
            return edge.Filter(must=[to_condition(part) for part in parts])
        case Or():
            return _any([to_condition(part) for part in _merged(tree)])
        case Not(part):
            return edge.Filter(must_not=[to_condition(part)])


def _any(conditions: list[Any]) -> Any:
    # To Edge an empty `should` asks nothing and so holds for all.
    if not conditions:
        return edge.HasIdCondition(set())
    return conditions[0] if len(conditions) == 1 else edge.Filter(should=conditions)


def _merged(tree: Or) -> list[Filter]:
    """The parts, flat, with one match a field: a list takes a quarter of the time of an or."""
    values: dict[str, tuple[Scalar, ...]] = {}
    others: list[Filter] = []
    for part in disjuncts(tree):
        if isinstance(part, Match):
            values[part.key] = values.get(part.key, ()) + part.values
        else:
            others.append(part)
    return [*(Match(key, found) for key, found in values.items()), *others]


def _matches(values: tuple[Scalar, ...]) -> list[Any]:
    words, numbers, flags = by_type(values)
    # The binding takes a Python bool for an integer, but not a NumPy one.
    groups: list[Any] = [words, numbers, *([np.bool_(flag)] for flag in flags)]
    # A match with one value takes two thirds of the time of a list of one.
    return [
        edge.MatchValue(same[0]) if len(same) == 1 else edge.MatchAny(same)
        for same in groups
        if same
    ]
