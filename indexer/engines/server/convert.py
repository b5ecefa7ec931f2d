"""The query algebra and batches of points in the words of qdrant-client."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from qdrant_client import models

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
)


def to_points(batch: Batch, start: int, stop: int) -> models.Batch:
    """The points of rows `start` to `stop`, to upsert."""
    weights = batch.concepts[start:stop]
    return models.Batch(
        ids=list(batch.ids[start:stop]),
        vectors={
            DENSE: batch.dense[start:stop].tolist(),
            SPARSE: [
                models.SparseVector(
                    indices=weights.indices[first:last].tolist(),
                    values=weights.data[first:last].tolist(),
                )
                for first, last in pairwise(weights.indptr)
            ],
        },
        payloads=list(batch.payloads[start:stop]),
    )


def to_request(query: Query) -> models.QueryRequest:
    """A query, in one request."""
    asked: dict[str, Any] = {
        "limit": query.limit,
        "offset": query.offset,
        "with_payload": payload_fields(query.with_payload),
        "with_vector": vector_names(query.with_dense, query.with_concepts),
    }
    match query.ranking:
        case Nearest(among=int(among)) as nearest:
            return models.QueryRequest(
                prefetch=[
                    models.Prefetch(
                        **_nearest(nearest), filter=to_filter(nearest.filter), limit=among
                    )
                ],
                query=_only_passing(query.filter),
                score_threshold=-FAR / 2,
                **asked,
            )
        case Nearest() as nearest:
            return models.QueryRequest(
                **_nearest(nearest), filter=to_filter(query.filter, nearest.filter), **asked
            )
        case Fusion() as fusion:
            # A server applies a request's filter to its prefetches too.
            return models.QueryRequest(
                query=_fusion(fusion),
                prefetch=[
                    models.Prefetch(
                        **_nearest(part), filter=to_filter(part.filter), limit=fusion.depth
                    )
                    for part in fusion.parts
                ],
                filter=to_filter(query.filter),
                **asked,
            )
        case None:
            return models.QueryRequest(filter=to_filter(query.filter), **asked)


def _nearest(nearest: Nearest) -> dict[str, Any]:
    if isinstance(nearest.vector, SparseVector):
        sparse = models.SparseVector(
            indices=nearest.vector.indices.tolist(), values=nearest.vector.values.tolist()
        )
        return {"query": sparse, "using": SPARSE}
    if nearest.exact:
        params = models.SearchParams(exact=True)
    else:
        params = models.SearchParams(hnsw_ef=nearest.width)
    return {"query": nearest.vector.tolist(), "using": DENSE, "params": params}


def _only_passing(passing: Filter | None) -> models.FormulaQuery:
    """The score as it is of what passes, and far below of what does not."""
    missed = models.Filter(must_not=[to_condition(passing or And(()))])
    far = models.MultExpression(mult=[-FAR, missed])
    return models.FormulaQuery(formula=models.SumExpression(sum=["$score", far]))


def _fusion(fusion: Fusion) -> models.FusionQuery | models.RrfQuery:
    if fusion.kind == "dbsf":
        return models.FusionQuery(fusion=models.Fusion.DBSF)
    # Qdrant's own k is one more: it adds 1 / (k - 1 + rank / weight).
    weights = None if fusion.weights is None else list(fusion.weights)
    return models.RrfQuery(rrf=models.Rrf(k=fusion.k + 1, weights=weights))


def to_filter(*trees: Filter | None) -> models.Filter | None:
    """What passes all of the trees, None where there are none."""
    conditions = [to_condition(tree) for tree in trees if tree is not None]
    return models.Filter(must=conditions) if conditions else None


def to_condition(tree: Filter) -> models.Condition:
    """A tree as a part of a Qdrant filter."""
    match tree:
        case Match(key, values):
            return _any([models.FieldCondition(key=key, match=match) for match in _matches(values)])
        case Range(key):
            return models.FieldCondition(key=key, range=models.Range(**one_bound_a_side(tree)))
        case HasId(ids):
            return models.HasIdCondition(has_id=list(ids))
        case And(parts):
            return models.Filter(must=[to_condition(part) for part in parts])
        case Or(parts):
            return _any([to_condition(part) for part in parts])
        case Not(part):
            return models.Filter(must_not=[to_condition(part)])


def _any(conditions: list[models.Condition]) -> models.Condition:
    # To Qdrant an empty `should` asks nothing and so holds for all.
    if not conditions:
        return models.HasIdCondition(has_id=[])
    return conditions[0] if len(conditions) == 1 else models.Filter(should=conditions)


def _matches(values: tuple[Scalar, ...]) -> list[models.Match]:
    words, numbers, flags = by_type(values)
    groups: list[Any] = [words, numbers, *([flag] for flag in flags)]
    return [
        models.MatchValue(value=same[0]) if len(same) == 1 else models.MatchAny(any=same)
        for same in groups
        if same
    ]
