"""Keeping presence true to the collection: when to calibrate anew, and writing what follows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from indexer.index import Index
from indexer.query import Hit
from indexer.sources import BLOCK, blocks
from indexer.strength import FIELD, codes
from splice.presence import SAMPLE, calibrate


def enough_for_good(index: Index) -> bool:
    """Whether there are just enough images to calibrate a large index once and for all."""
    return index.calibration.images < SAMPLE <= index.engine.count()


def out_of_date(index: Index, *, changed: bool) -> bool:
    """Whether the calibration does not say what the images that are there now say."""
    count = index.engine.count()
    return index.calibration.images != min(count, SAMPLE) or (changed and count <= SAMPLE)


def recalibrate(index: Index) -> None:
    """Fit presence to the images that are there, and rewrite what is stored of it.

    The sample is the images with the lowest ids, which are hashes of their names: any order of
    indexing gives the same. Until the end the calibration on disk says that it fits no image, so
    that a run that dies here is made up for by the next.
    """
    sample = []
    for hit in index.engine.scroll(with_payload=False, with_dense=True, page=BLOCK):
        sample.append(hit.dense)
        if len(sample) == SAMPLE:
            break
    embeddings = np.array(sample, np.float32).reshape(-1, index.space.dim)
    fitted = calibrate(index.space, index.activations, embeddings)
    index.keep(replace(fitted, images=0))
    everything = index.engine.scroll(with_payload=(FIELD,), with_dense=True, page=BLOCK)
    for hits in blocks(everything):
        _rewrite(index, hits)
    index.keep(fitted)


def _rewrite(index: Index, hits: list[Hit]) -> None:
    """Store the presence of concepts in images anew where it differs."""
    found = codes(index.presence(np.array([hit.dense for hit in hits], np.float32)))
    for hit, now in zip(hits, found, strict=True):
        if hit.payload.get(FIELD) != now:
            index.engine.set_payload([hit.id], {FIELD: now})
