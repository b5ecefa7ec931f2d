"""The interface of the two engines: Qdrant in this process, or a Qdrant server."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.mapped.snapshot import Snapshot
from splicedex.indexer.engines.query import Filter, Hit, Query, Scalar

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FieldKind: TypeAlias = Literal["keyword", "integer", "float", "bool", "lookup"]
"""The kind of a payload index. It decides which filters on the field are fast.

`keyword`, `integer` and `bool` serve `Match` and facets; `integer` and `float` serve `Range`.
`lookup` is an `integer` index without ranges, which saves most of its time and space. It suits
lists of concepts. An `integer` is signed and has 64 bits.
"""

Ann: TypeAlias = Literal["auto", "exact", "hnsw", "int8"]
"""Nearest-neighbour method for dense vectors.

`exact` scans all vectors. `hnsw` walks a graph (Malkov and Yashunin 2018). `int8` walks a graph
over vectors of 8 bits per dimension, then rescores the candidates with the original vectors.
`auto` chooses by the number of vectors.
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Points in columns: row i of every column describes point i."""

    ids: Sequence[str]
    """UUIDs as canonical text: lower case, with hyphens."""
    dense: NDArray[np.float32]
    """CLIP embeddings (n, d)."""
    concepts: csr_array
    """SpLiCE weights (n, c)."""
    payloads: Sequence[dict[str, Any]]


class Engine(ABC):
    """A collection of points, each with one dense vector, one sparse vector and a payload.

    A write that has returned survives the death of the process. Every method raises
    `splice.errors.UserError` for what the user can fix, such as a locked folder or a server that
    does not answer, and `RuntimeError` after `close`.
    """

    exclusive: bool
    """Whether this process is the only writer as long as the engine is open.

    If so, results may be cached until this engine writes. If not, other clients may write at any
    time.
    """
    plans_searches: bool
    """Whether the engine itself chooses the cheapest way to search with a filter.

    If not, the caller should choose one by `estimate`.
    """

    @property
    @abstractmethod
    def revision(self) -> int:
        """How often vectors were written or deleted through this object.

        Writes of other clients are not counted: see `exclusive`.
        """

    @property
    @abstractmethod
    def mapped(self) -> Snapshot | None:
        """A copy of the points in mapped memory, up to date; None if the engine has none."""

    @abstractmethod
    def map_points(self, fields: Sequence[str]) -> None:
        """Make the mapped copy, if the engine can have one and lacks it.

        Args:
            fields: Payload fields of the kind "lookup" that filters on the copy may name.
        """

    @abstractmethod
    def upsert(self, batch: Batch) -> None:
        """Insert points. Points with the same ids are replaced."""

    @abstractmethod
    def delete(self, ids: Sequence[str]) -> None:
        """Delete points. Unknown ids are ignored."""

    @abstractmethod
    def set_payload(self, ids: Sequence[str], payload: Mapping[str, Any]) -> None:
        """Set the given payload fields on several points, and leave their other fields.

        A field set to None is removed. Unknown ids are ignored.
        """

    @abstractmethod
    def set_payloads(self, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        """Set payload fields that differ from point to point.

        Args:
            payloads: The fields to set on each point, by id. As in `set_payload`, None removes a
                field and unknown ids are ignored.
        """

    @abstractmethod
    def query(self, query: Query) -> list[Hit]:
        """Answer one query, best hit first."""

    @abstractmethod
    def query_batch(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer several queries in one request, in the order of the queries."""

    @abstractmethod
    def retrieve(
        self,
        ids: Sequence[str],
        *,
        with_payload: bool | tuple[str, ...] = True,
        with_dense: bool = False,
        with_concepts: bool = False,
    ) -> list[Hit]:
        """Fetch points by id, in the order of `ids`. Unknown ids are left out; scores are 0."""

    @abstractmethod
    def scroll(
        self,
        filter: Filter | None = None,  # noqa: A002  (the usual word in this field)
        *,
        with_payload: bool | tuple[str, ...] = True,
        with_dense: bool = False,
        with_concepts: bool = False,
        page: int = 1024,
    ) -> Iterator[Hit]:
        """Iterate over all points that pass the filter, in the order of ids, page by page."""

    @abstractmethod
    def count(self, filter: Filter | None = None) -> int:  # noqa: A002
        """Return exactly how many points pass the filter."""

    @abstractmethod
    def estimate(self, filter: Filter | None = None) -> int:  # noqa: A002
        """Return roughly how many points pass the filter, without looking at each of them.

        On a server this costs a request: where the engine `plans_searches`, do not ask in order
        to plan a search.
        """

    @abstractmethod
    def facet(
        self,
        key: str,
        *,
        filter: Filter | None = None,  # noqa: A002
        limit: int = 10,
    ) -> list[tuple[Scalar, int]]:
        """Return the most frequent values of an indexed field among the points that pass.

        Returns:
            At most `limit` pairs of a value and its number of points, most frequent first.
        """

    @abstractmethod
    def create_index(self, key: str, kind: FieldKind) -> None:
        """Index a payload field for filters and facets. Does nothing if it is indexed already."""

    @abstractmethod
    def preload(self, key: str, by: Literal["point", "value"]) -> None:
        """Prepare an indexed field to be read for many points soon.

        An engine that reads its files page by page reads the field's index as a whole, the first
        time. An engine that manages its own memory does nothing.

        Args:
            key: Name of the payload field.
            by: "point" to look up the values of points, "value" to look up the points of values.
        """

    @abstractmethod
    def wants_optimizing(self, ann: Ann | None = None, built: Ann = "auto") -> bool:
        """Whether `optimize` would make searches faster.

        Args:
            ann: Method that the user asks for; None for the one in use.
            built: Method of the last `optimize`.
        """

    @abstractmethod
    def optimize(self, ann: Ann = "auto") -> None:
        """Build what makes queries fast (graph, merged segments). Returns when it is done.

        Args:
            ann: Nearest-neighbour method to build. A server uses the method that its own
                configuration names.
        """

    @abstractmethod
    def close(self) -> None:
        """Release the engine. Later calls fail; closing again does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def scanned(images: int) -> int:
    """How many images may pass a filter for the embedded engine to scan them despite its graph.

    A walk of the graph that has to avoid most images misses some of the nearest.

    Args:
        images: Number of images in the index.
    """
    return min(images // 4, 250_000)
