"""Keeps the calibration of presence up to date with the images of an index.

The calibration is fitted to a sample: the `SAMPLE` images with the lowest ids, or all images of a
smaller index. Ids are hashes of image names, so the sample does not depend on the order of
indexing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b
from heapq import nsmallest
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.engines.query import Hit
from splicedex.indexer.payload.presence import FIELDS
from splicedex.indexer.sources.base import BLOCK, Source, blocks
from splicedex.indexer.store.index import Index, point_id
from splicedex.splice.blas import one_blas_thread
from splicedex.splice.presence.calibration import SAMPLE, Calibration, calibrate

SPARE = SAMPLE // 16
"""Images written first in addition to the sample, as some images may be unreadable."""
DRIFT = SAMPLE // 100
"""Changes in the sample of a large index that are accepted without a new calibration, because that
rewrites all images."""
_State: TypeAlias = tuple[str, str | None]
"""Id and signature of an image."""


class CalibrationSample:
    """The images that a run writes first, so that it can calibrate before it writes the others.

    Otherwise a large new index would be calibrated at the end, and all images written twice. A run
    whose index needs no such sample keeps the order of its source.

    Args:
        index: Open index.
        names: Names of all images of the source.
    """

    def __init__(self, index: Index, names: Sequence[str]) -> None:
        self._count = len(names)
        self._numbers: list[int] = []
        self._waiting = self._count > SAMPLE > index.calibration.images
        if self._waiting:
            self._numbers = sorted(_lowest_ids(names, SAMPLE + SPARE))
        self._missing = {names[number] for number in self._numbers}
        self._spare = len(self._numbers) - SAMPLE

    @property
    def order(self) -> Iterable[int]:
        """Numbers of all images in the order of writing: the sample, then the others."""
        yield from self._numbers
        first = set(self._numbers)
        yield from (number for number in range(self._count) if number not in first)

    def add_written(self, name: str) -> None:
        """Record that an image is in the index."""
        self._missing.discard(name)

    def add_unreadable(self, name: str) -> None:
        """Record that an image cannot be read."""
        if name in self._missing:
            self._missing.remove(name)
            self._spare -= 1

    def is_complete(self) -> bool:
        """Whether the sample has just become complete. True at most once."""
        if not self._waiting or self._missing:
            return False
        self._waiting = False
        return self._spare >= 0


def precalibrate(index: Index, source: Source) -> None:
    """Calibrate an empty index to the images that a run is about to write.

    So every image is written once. Use it only with a source whose embeddings are precomputed: it
    reads those of the sample twice.

    Args:
        index: Open index without images.
        source: Source of the run.
    """
    numbers = _lowest_ids(source.names, SAMPLE)
    read = {
        item.number: ((point_id(item.path), item.signature), embedding)
        for block in source.embed(source.items(sorted(numbers)))
        for item, embedding in zip(block.items, block.embeddings, strict=True)
    }
    sample = [read[number] for number in numbers]
    index.save_calibration(_fit(index, sample))


def _lowest_ids(names: Sequence[str], count: int) -> list[int]:
    """Numbers of the images with the lowest ids, lowest id first."""
    ids = zip(map(point_id, names), range(len(names)), strict=True)
    return [number for _, number in nsmallest(count, ids)]


def out_of_date(index: Index) -> bool:
    """Whether an index needs a new calibration, because the images of its sample have changed.

    Args:
        index: Open index.
    """
    hits = islice(index.engine.scroll(with_payload=("signature",), page=BLOCK), SAMPLE)
    now = _tokens(map(_state, hits))
    if index.calibration.images != len(now):
        return True
    changes = len(np.setxor1d(now, index.calibration.sample)) / 2
    return changes > (DRIFT if len(now) == SAMPLE else 0)


def recalibrate(index: Index) -> None:
    """Fit the calibration to the images of an index, and rewrite their presence payload.

    Until the end, the calibration on disk says that it fits no image. So if this run dies, the next
    one calibrates again. On a server another run may calibrate at the same time. If both used the
    same sample, they write the same; otherwise this run starts again.

    Args:
        index: Open index.
    """
    fitted = _fit_to_index(index)
    while True:
        index.save_calibration(replace(fitted, images=0))
        everything = index.engine.scroll(with_payload=FIELDS, with_dense=True, page=BLOCK)
        for hits in blocks(everything):
            _rewrite(index, hits)
        if index.save_calibration_if_unchanged(fitted):
            return
        again = _fit_to_index(index)
        if np.array_equal(again.sample, fitted.sample):
            index.save_calibration(fitted)
            return
        fitted = again


def _fit_to_index(index: Index) -> Calibration:
    """Fit a calibration to the sample of an index."""
    everything = index.engine.scroll(with_payload=("signature",), with_dense=True, page=BLOCK)
    sample = islice(everything, SAMPLE)
    return _fit(index, [(_state(hit), hit.dense) for hit in sample])


def _fit(index: Index, sample: Sequence[tuple[_State, Any]]) -> Calibration:
    """Fit a calibration to images, given as pairs of state and embedding (d,)."""
    rows = np.array([row for _, row in sample], np.float32).reshape(-1, index.space.dim)
    with one_blas_thread:  # the result has the same bits for any number of threads
        fitted = calibrate(index.space, rows)
    return replace(fitted, sample=_tokens(state for state, _ in sample))


def _state(hit: Hit) -> _State:
    return hit.id, hit.payload.get("signature")


def _tokens(states: Iterable[_State]) -> NDArray[np.uint64]:
    """Hashes (n,) that differ between images, and between two versions of an image."""
    texts = (f"{id_} {signature}" for id_, signature in states)
    digests = [blake2b(text.encode(), digest_size=8).digest() for text in texts]
    return np.frombuffer(b"".join(digests), np.uint64)


def _rewrite(index: Index, hits: list[Hit]) -> None:
    """Compute the presence payload of images again, and write it where it differs."""
    found = index.strengths(np.array([hit.dense for hit in hits], np.float32))
    changed = {
        hit.id: now
        for hit, now in zip(hits, found, strict=True)
        if any(hit.payload.get(field) != now[field] for field in FIELDS)
    }
    index.engine.set_payloads(changed)
