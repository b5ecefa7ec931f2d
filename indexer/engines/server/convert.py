"""Queries, filters and batches of points as objects of qdrant-client."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, TypeAlias

from qdrant_client import models

from splicedex.indexer.engines.base import Batch
from splicedex.indexer.engines.convert import (
    FAR,
    Bounds,
    Codec,
    SameType,
    rrf_k,
    rrf_weights,
)
from splicedex.indexer.engines.query import (
    DENSE,
    SPARSE,
    Filter,
    Fusion,
    Nearest,
    SparseVector,
)

Condition: TypeAlias = models.FieldCondition | models.HasIdCondition


class ServerCodec(Codec[Condition, models.Filter, models.Prefetch, models.QueryRequest]):
    """Builds the objects of qdrant-client."""

    def _match(self, key: str, values: SameType) -> Condition:
        match: models.Match
        if isinstance(values, bool):
            match = models.MatchValue(value=values)
        elif len(values) == 1:
            match = models.MatchValue(value=values[0])
        else:
            match = models.MatchAny(any=values)
        return models.FieldCondition(key=key, match=match)

    def _range(self, key: str, bounds: Bounds) -> Condition:
        return models.FieldCondition(key=key, range=models.Range(**bounds))

    def _has_id(self, ids: tuple[str, ...]) -> Condition:
        return models.HasIdCondition(has_id=list(ids))

    def _all(
        self, true: list[Condition | models.Filter], false: list[Condition | models.Filter]
    ) -> models.Filter:
        return models.Filter(must=[*true], must_not=[*false])

    def _either(self, conditions: list[Condition | models.Filter]) -> models.Filter:
        return models.Filter(should=[*conditions])

    def _request(self, prefetches: list[models.Prefetch], **arguments: Any) -> models.QueryRequest:
        return models.QueryRequest(prefetch=prefetches or None, **arguments)

    def _prefetch(self, **arguments: Any) -> models.Prefetch:
        return models.Prefetch(**arguments)

    def _nearest(self, nearest: Nearest) -> dict[str, Any]:
        vector = nearest.vector
        if isinstance(vector, SparseVector):
            sparse = models.SparseVector(
                indices=vector.indices.tolist(), values=vector.values.tolist()
            )
            return {"query": sparse, "using": SPARSE}
        if nearest.exact:
            params = models.SearchParams(exact=True)
        else:
            params = models.SearchParams(hnsw_ef=nearest.width)
        return {"query": vector.tolist(), "using": DENSE, "params": params}

    def _penalty(self, failing: Filter) -> models.FormulaQuery:
        far = models.MultExpression(mult=[-FAR, self.condition(failing)])
        return models.FormulaQuery(formula=models.SumExpression(sum=["$score", far]))

    def _fusion(self, fusion: Fusion) -> models.FusionQuery | models.RrfQuery:
        if fusion.kind == "dbsf":
            return models.FusionQuery(fusion=models.Fusion.DBSF)
        return models.RrfQuery(rrf=models.Rrf(k=rrf_k(fusion), weights=rrf_weights(fusion)))


def to_points(batch: Batch, start: int, stop: int) -> models.Batch:
    """Translate the rows `start` to `stop` of a batch into points to upsert."""
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
