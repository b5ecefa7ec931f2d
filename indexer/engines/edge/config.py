"""Configuration of the embedded engine by the number of images."""

from __future__ import annotations

from typing import Any

import qdrant_edge as edge

from splicedex.indexer.engines.base import Ann, scanned
from splicedex.indexer.engines.query import DENSE, SPARSE

SMALL = 20_000
"""Number of images below which a graph is not worth building: a scan takes 4 ms."""
COMPACT = 2_000
"""Number of images below which the files are left as they were written. Rewritten once and for all,
those of 10,000 images open in a third of the time."""
LINKS = 16
"""Links per vector in the graph (HNSW's `m`)."""
CANDIDATES = 100
"""Size of the candidate list while the graph is built (HNSW's `ef_construct`)."""
_ONE_SEGMENT = 1 << 31


def chosen(ann: Ann, images: int) -> Ann:
    """The nearest-neighbour method that "auto" means for this number of images."""
    if ann != "auto":
        return ann
    return "exact" if images < SMALL else "int8"


def edge_config(dim: int, ann: Ann = "exact", images: int = SMALL) -> edge.EdgeConfig:
    """Configure how Edge stores and indexes points.

    Args:
        dim: Dimension d of the dense vectors.
        ann: Nearest-neighbour method; not "auto".
        images: Number of images.
    """
    quantised: Any = None
    if ann == "int8":
        quantised = edge.ScalarQuantizationConfig(
            edge.ScalarType.Int8, quantile=0.99, memory=edge.Memory.Cached
        )
    kilobytes = 4 * dim / 1024  # per vector; Edge's thresholds are in kilobytes
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
            indexing_threshold=int((COMPACT if ann == "exact" else SMALL) * kilobytes),
        ),
    )
