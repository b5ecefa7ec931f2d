"""A shard of Qdrant Edge whose errors reach the user as one line."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import qdrant_edge as edge

from splicedex.indexer.engines.edge.os_errors import translate_errors


class Shard:
    """The methods of an open shard that the engine uses, with translated errors.

    Each raises `splice.errors.UserError` where the system refuses something or Edge fails.

    Args:
        shard: The open shard.
        folder: Its folder, named in messages.
    """

    def __init__(self, shard: edge.EdgeShard, folder: Path) -> None:
        self._shard = shard
        self._folder = folder

    def update(self, operation: edge.UpdateOperation) -> None:
        """Apply a write."""
        with translate_errors(self._folder):
            self._shard.update(operation)

    def query_batch(self, request: edge.QueryBatchRequest) -> list[list[edge.ScoredPoint]]:
        """Answer several queries."""
        with translate_errors(self._folder):
            return self._shard.query_batch(request)

    def retrieve(
        self, ids: list[Any], payload: bool | list[str], vectors: list[str]
    ) -> list[edge.Record]:
        """Fetch points by id."""
        with translate_errors(self._folder):
            return self._shard.retrieve(ids, payload, vectors)

    def scroll(self, request: edge.ScrollRequest) -> tuple[list[edge.Record], Any]:
        """Fetch a page of points, and where the next one starts."""
        with translate_errors(self._folder):
            return self._shard.scroll(request)

    def count(self, request: edge.CountRequest) -> int:
        """Count points."""
        with translate_errors(self._folder):
            return self._shard.count(request)

    def facet(self, request: edge.FacetRequest) -> edge.FacetResponse:
        """Count the values of a field."""
        with translate_errors(self._folder):
            return self._shard.facet(request)

    def info(self) -> edge.ShardInfo:
        """Numbers of points and of indexed vectors."""
        with translate_errors(self._folder):
            return self._shard.info()

    def optimize(self) -> None:
        """Build the graph and merge segments."""
        with translate_errors(self._folder):
            self._shard.optimize()

    def flush(self) -> None:
        """Write everything to disk."""
        with translate_errors(self._folder):
            self._shard.flush()

    def close(self) -> None:
        """Flush, and release the folder."""
        with translate_errors(self._folder):
            self._shard.close()

    def leak(self) -> None:
        """Keep the shard in memory until the process ends, because releasing it would flush it."""
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._shard))
