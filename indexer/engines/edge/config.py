"""What an embedded index is given to find dense vectors fast, by its size."""

from __future__ import annotations

from typing import Any

import qdrant_edge as edge

from splicedex.indexer.engines.base import Ann, scanned
from splicedex.indexer.engines.query import DENSE, SPARSE

SMALL = 20_000
"""Images that a scan takes 4 ms for; no graph pays for itself below."""
LINKS = 16
CANDIDATES = 100
"""Width of the search for a new point's neighbours while the graph is built."""
_ONE_SEGMENT = 1 << 31


def chosen(ann: Ann, images: int) -> Ann:
    """What "auto" means for so many images."""
    if ann != "auto":
        return ann
    return "exact" if images < SMALL else "int8"


def edge_config(dim: int, ann: Ann = "exact", images: int = SMALL) -> edge.EdgeConfig:
    """How Edge is to store and index points with dense vectors of a dimension.

    Args:
        dim: d.
        ann: Anything but "auto".
        images: How many points.
    """
    quantised: Any = None
    if ann == "int8":
        quantised = edge.ScalarQuantizationConfig(
            edge.ScalarType.Int8, quantile=0.99, memory=edge.Memory.Cached
        )
    kilobytes = 4 * dim / 1024  # the unit of everything here
    return edge.EdgeConfig(
        vectors={DENSE: edge.EdgeVectorParams(size=dim, distance=edge.Distance.Cosine)},
        sparse_vectors={SPARSE: edge.EdgeSparseVectorParams()},
        hnsw_config=edge.HnswIndexConfig(
            0 if ann == "exact" else LINKS, CANDIDATES, int(scanned(images) * kilobytes)
        ),
        quantization_config=quantised,
        optimizers=edge.EdgeOptimizersConfig(
            default_segment_number=1,
            max_segment_size=_ONE_SEGMENT,
            indexing_threshold=int(SMALL * kilobytes),
        ),
    )
