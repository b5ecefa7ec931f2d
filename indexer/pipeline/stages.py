"""The stages of an index run; `indexer.pipeline.build` composes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from splicedex.indexer.engines.base import Batch
from splicedex.indexer.payload.columns import MOVED_FROM
from splicedex.indexer.pipeline.calibration import CalibrationSample
from splicedex.indexer.pipeline.decompose import Decomposed
from splicedex.indexer.pipeline.decompose_process import DecomposeProcess
from splicedex.indexer.pipeline.report import Report
from splicedex.indexer.sources.base import BLOCK, TRUNCATED, Block, Item, blocks
from splicedex.indexer.store.index import HASH, Index, point_id
from splicedex.splice.presence.calibration import Calibration


class UnchangedFilter:
    """Passes on the items that are new or have changed, and counts the others.

    Args:
        index: Open index.
        report: Receives the count of unchanged images.
        sample: Is told of unchanged images.
    """

    def __init__(self, index: Index, report: Report, sample: CalibrationSample) -> None:
        self._index = index
        self._report = report
        self._sample = sample
        self._empty = index.engine.count() == 0
        self.seen: set[str] = set()
        """Point ids of all items so far."""
        self.indexed_before: dict[str, str | None] = {}
        """Paths of the changed items that replace an image of the index, with the hash of that."""
        self.unfinished: dict[str, str] = {}
        """Point ids of images whose move a killed run began, with the ids they moved from."""

    def changed(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield the items whose signature is not the one in the index.

        Args:
            items: Items of a source.
        """
        for block in blocks(items, BLOCK):
            ids = [point_id(item.path) for item in block]
            self.seen.update(ids)
            known = {} if self._empty else self._known(ids)
            for item, id_ in zip(block, ids, strict=True):
                payload = known.get(id_)
                if payload is not None and payload.get("signature", "") == item.signature:
                    self._report.unchanged += 1
                    self._sample.add_written(item.path)
                    continue
                if payload is not None:
                    self.indexed_before[item.path] = payload.get(HASH)
                yield item

    def _known(self, ids: list[str]) -> dict[str, Mapping[str, Any]]:
        """Signature and hash by id, of those images that are in the index."""
        hits = self._index.engine.retrieve(ids, with_payload=("signature", HASH, MOVED_FROM))
        self.unfinished |= {
            hit.id: hit.payload[MOVED_FROM] for hit in hits if hit.payload.get(MOVED_FROM)
        }
        return {hit.id: hit.payload for hit in hits}


@dataclass(frozen=True)
class DecomposedBlock:
    """A block with the points to write for it.

    Args:
        block: The block.
        batch: Its points; None where no image of it could be read.
        calibration: Calibration that the presence payload was computed with.
    """

    block: Block
    batch: Batch | None
    calibration: Calibration


def decompose_blocks(
    index: Index, embedded: Iterable[Block], decompose: DecomposeProcess
) -> Iterator[DecomposedBlock]:
    """Decompose blocks into concepts and build their points.

    Args:
        index: Open index.
        embedded: Blocks with embeddings.
        decompose: Computes the decomposition.

    Raises:
        UserError: The process that decomposes died.
    """
    for block in embedded:
        calibration = index.calibration
        batch = None
        if block.items:
            batch = _points(block, decompose(block.embeddings, calibration))
        yield DecomposedBlock(block, batch, calibration)


def write_block(index: Index, decomposed: DecomposedBlock) -> None:
    """Write the points of a block. They are durable when this returns.

    Args:
        index: Open index.
        decomposed: The block and its points.
    """
    batch = decomposed.batch
    if batch is None:
        return
    if decomposed.calibration is not index.calibration:  # the index was recalibrated meanwhile
        current = index.strengths(decomposed.block.embeddings)
        for payload, presence in zip(batch.payloads, current, strict=True):
            payload.update(presence)
    index.engine.upsert(batch)


def count_block(
    report: Report, block: Block, unchanged: UnchangedFilter, sample: CalibrationSample
) -> None:
    """Count the images of a block that is durable.

    Args:
        report: Receives the counts.
        block: The block.
        unchanged: Knows which of the images replaced an image of the index.
        sample: Is told of images that were written or are unreadable.
    """
    replaced = sum(item.path in unchanged.indexed_before for item in block.items)
    report.replaced += replaced
    report.added += len(block.items) - replaced
    report.truncated += sum(bool(facts.get(TRUNCATED)) for facts in block.facts)
    report.skipped.extend(block.skipped)
    for item in block.items:
        sample.add_written(item.path)
    for path, _ in block.skipped:
        sample.add_unreadable(path)


def _points(block: Block, decomposed: Decomposed) -> Batch:
    """The points of a block."""
    weights, concept_payloads = decomposed
    payloads = [
        item.columns | facts | named(item) | concepts
        for item, facts, concepts in zip(block.items, block.facts, concept_payloads, strict=True)
    ]
    ids = [point_id(item.path) for item in block.items]
    return Batch(ids, block.embeddings, weights, payloads)


def named(item: Item) -> dict[str, Any]:
    """The payload fields that belong to the name of an image, and its signature.

    Args:
        item: The image.
    """
    return {"path": item.path, "folders": folders(item.path), "signature": item.signature}


def folders(path: str) -> list[str]:
    """The folders that contain an image, outermost first, so that a filter can name any of them.

    Args:
        path: Name of the image in the index.
    """
    above = [str(folder) for folder in PurePosixPath(path).parents if folder.name]
    return above[::-1]
