"""Keeping presence true to the collection: when to calibrate anew, and writing what follows.

The sample that presence is fitted to is the images with the lowest ids, which are hashes of their
names: any order of indexing comes to the same. All of a collection of up to `SAMPLE` images.
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
from splicedex.indexer.sources.base import BLOCK, Source, blocks
from splicedex.indexer.store.index import Index, point_id
from splicedex.indexer.store.presence_payload import FIELDS
from splicedex.splice.blas import one_blas_thread
from splicedex.splice.presence.calibration import SAMPLE, Calibration, calibrate

SPARE = SAMPLE // 16
"""Images that go first beyond the sample, as some may not be readable."""
DRIFT = SAMPLE // 100
"""Changes among the sample of a larger collection that call for no calibration: it costs a pass
over all images."""
_State: TypeAlias = tuple[str, str | None]
"""Id and signature of an image."""


class Vanguard:
    """The images a run begins with: with the sample complete, what comes after is written once.

    Args:
        index: Open index.
        names: Of all images of the run's source; a run that leaves them in order has no vanguard.
    """

    def __init__(self, index: Index, names: Sequence[str]) -> None:
        self._count = len(names)
        self._numbers: list[int] = []
        self._expected = self._count > SAMPLE > index.calibration.images
        if self._expected:
            self._numbers = sorted(_lowest(names, SAMPLE + SPARE))
        self._under_way = {names[number] for number in self._numbers}
        self._to_spare = len(self._numbers) - SAMPLE

    @property
    def order(self) -> Iterable[int]:
        """Numbers of all images, in the order they shall be written in."""
        yield from self._numbers
        first = set(self._numbers)
        yield from (number for number in range(self._count) if number not in first)

    def arrive(self, name: str) -> None:
        """An image is in the index."""
        self._under_way.discard(name)

    def lose(self, name: str) -> None:
        """An image cannot be read."""
        if name in self._under_way:
            self._under_way.remove(name)
            self._to_spare -= 1

    def has_arrived(self) -> bool:
        """Whether the sample is now complete; only once."""
        if not self._expected or self._under_way:
            return False
        self._expected = False
        return self._to_spare >= 0


def foresee(index: Index, source: Source) -> None:
    """Calibrate an index without images on those that a run is about to write.

    So all are written once. Only for embeddings that are at hand: what a run that dies has not
    written it has to make again.

    Args:
        index: Open index.
        source: Of the run.
    """
    numbers = _lowest(source.names, SAMPLE)
    read = {
        item.number: ((point_id(item.path), item.signature), embedding)
        for block in source.embed(source.items(sorted(numbers)))
        for item, embedding in zip(block.items, block.embeddings, strict=True)
    }
    sample = [read[number] for number in numbers]
    index.save_calibration(_fit(index, sample))


def _lowest(names: Sequence[str], count: int) -> list[int]:
    """Numbers of the images with the lowest ids, in the order of these."""
    ids = zip(map(point_id, names), range(len(names)), strict=True)
    return [number for _, number in nsmallest(count, ids)]


def out_of_date(index: Index) -> bool:
    """Whether the calibration does not say what the images that are there now say."""
    hits = islice(index.engine.scroll(with_payload=("signature",), page=BLOCK), SAMPLE)
    now = _tokens(map(_state, hits))
    if index.calibration.images != len(now):
        return True
    changes = len(np.setxor1d(now, index.calibration.sample)) / 2
    return changes > (DRIFT if len(now) == SAMPLE else 0)


def recalibrate(index: Index) -> None:
    """Fit presence to the images that are there, and rewrite what is stored of it.

    Until the end the calibration on disk says that it fits no image, so that a run that dies here
    is made up for by the next. On a server another run may be at it, too: it comes to the same if
    it has seen the same sample, and otherwise we begin again.
    """
    fitted = _fitted(index)
    while True:
        index.save_calibration(replace(fitted, images=0))
        everything = index.engine.scroll(with_payload=FIELDS, with_dense=True, page=BLOCK)
        for hits in blocks(everything):
            _rewrite(index, hits)
        if index.save_calibration_if_unchanged(fitted):
            return
        again = _fitted(index)
        if np.array_equal(again.sample, fitted.sample):
            index.save_calibration(fitted)
            return
        fitted = again


def _fitted(index: Index) -> Calibration:
    """A calibration to the images that are there now."""
    everything = index.engine.scroll(with_payload=("signature",), with_dense=True, page=BLOCK)
    sample = islice(everything, SAMPLE)
    return _fit(index, [(_state(hit), hit.dense) for hit in sample])


def _fit(index: Index, sample: Sequence[tuple[_State, Any]]) -> Calibration:
    """A calibration to images, by what they are and their embeddings (d,)."""
    rows = np.array([row for _, row in sample], np.float32).reshape(-1, index.space.dim)
    with one_blas_thread:  # the same bits however many threads there are
        fitted = calibrate(index.space, rows)
    return replace(fitted, sample=_tokens(state for state, _ in sample))


def _state(hit: Hit) -> _State:
    return hit.id, hit.payload.get("signature")


def _tokens(states: Iterable[_State]) -> NDArray[np.uint64]:
    """What tells images from others and from their own former state (n,)."""
    texts = (f"{id_} {signature}" for id_, signature in states)
    digests = [blake2b(text.encode(), digest_size=8).digest() for text in texts]
    return np.frombuffer(b"".join(digests), np.uint64)


def _rewrite(index: Index, hits: list[Hit]) -> None:
    """Store the presence of concepts in images anew where it differs."""
    found = index.strengths(np.array([hit.dense for hit in hits], np.float32))
    differ = {
        hit.id: now
        for hit, now in zip(hits, found, strict=True)
        if any(hit.payload.get(field) != now[field] for field in FIELDS)
    }
    index.engine.set_payloads(differ)
