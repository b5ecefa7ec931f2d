"""The interface both engines implement, and nothing else: Qdrant in the process, or a server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.query import Filter, Hit, Query, Scalar

if TYPE_CHECKING:
    from scipy.sparse import csr_array

FieldKind: TypeAlias = Literal["keyword", "integer", "float", "lookup"]
"""How a payload field is indexed, hence what filters on it fast.

`keyword` and `integer` serve `Match` and facets, `integer` and `float` serve `Range`. `lookup` is
for integers that are never ranged over, such as lists of concepts: an `integer` index without the
half that takes most of its time and space.
"""

Ann: TypeAlias = Literal["auto", "exact", "hnsw", "int8"]
"""How the nearest dense vectors are found: by a scan of all; by a graph (HNSW, Malkov and Yashunin
2018); by a graph over vectors of 8 bits a dimension, whose finds the originals score anew; by what
suits their number."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Points in columns: row i of every part belongs together."""

    ids: Sequence[str]
    """UUIDs as canonical text: lower case, with hyphens."""
    dense: NDArray[np.float32]
    """CLIP embeddings (n, d)."""
    concepts: csr_array
    """SpLiCE weights (n, c)."""
    payloads: Sequence[dict[str, Any]]


class Engine(Protocol):
    """A collection with one dense and one sparse vector a point.

    What a call that returned has written survives the death of the process. Implementations raise
    `splice.errors.UserError` for what the user can mend (a locked folder, a server that is away).
    """

    @property
    def revision(self) -> int | None:
        """A number that changes whenever vectors do; None where others may write unseen."""

    def upsert(self, batch: Batch) -> None:
        """Insert points, replacing those whose id exists."""

    def delete(self, ids: Sequence[str]) -> None:
        """Remove points; ids that are not there are passed over."""

    def set_payload(self, ids: Sequence[str], payload: Mapping[str, Any]) -> None:
        """Set the given payload fields on points, leaving the others.

        A field set to None is removed. Ids that are not there are passed over.
        """

    def set_payloads(self, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        """Likewise, but every point, by its id, has fields of its own; fast for many."""

    def query(self, query: Query) -> list[Hit]:
        """Answer one query, best first."""

    def query_batch(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer several queries as one request, in their order."""

    def retrieve(
        self,
        ids: Sequence[str],
        *,
        with_payload: bool | tuple[str, ...] = True,
        with_dense: bool = False,
        with_concepts: bool = False,
    ) -> list[Hit]:
        """Fetch points by id, in the order asked; missing ones are left out, scores are 0."""

    def scroll(
        self,
        filter: Filter | None = None,  # noqa: A002  (the field's word)
        *,
        with_payload: bool | tuple[str, ...] = True,
        with_dense: bool = False,
        with_concepts: bool = False,
        page: int = 1024,
    ) -> Iterator[Hit]:
        """Every point that passes the filter, in id order, fetched a page at a time."""

    def count(self, filter: Filter | None = None) -> int:  # noqa: A002
        """How many points pass the filter, exactly."""

    def estimate(self, filter: Filter | None = None) -> int | None:  # noqa: A002
        """Roughly how many, at once; None where it is left to the engine how to find them."""

    def facet(
        self,
        key: str,
        *,
        filter: Filter | None = None,  # noqa: A002
        limit: int = 10,
    ) -> list[tuple[Scalar, int]]:
        """Most frequent values of an indexed field among what passes the filter, with counts."""

    def create_index(self, key: str, kind: FieldKind) -> None:
        """Index a payload field for filtering and facets; again is harmless."""

    def optimize(self) -> None:
        """Build what makes queries fast (HNSW, merged segments); blocks until done."""

    def close(self) -> None:
        """Release the engine; later calls fail, closing again does nothing."""

    def __enter__(self) -> Self:
        """Use as a context manager, which closes at the end."""

    def __exit__(self, *_: object) -> None: ...


def scanned(images: int) -> int:
    """How many of so many images an engine that gives estimates scans, though there is a graph.

    Namely those that a filter may pass: a walk that has to go around all the others misses some.
    """
    return min(images // 4, 250_000)
