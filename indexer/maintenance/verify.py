"""Verifies an index: reads everything stored, and compares it with what it was computed from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, TypeAlias

import numpy as np

from splicedex.indexer.engines.base import FieldKind
from splicedex.indexer.engines.batch import batch_of
from splicedex.indexer.engines.query import Hit, Nearest, Query, Scalar
from splicedex.indexer.maintenance.check_mapped import MappedCheck
from splicedex.indexer.maintenance.check_points import faults
from splicedex.indexer.payload.columns import indexes
from splicedex.indexer.payload.concept_counts import FILE as COUNTS
from splicedex.indexer.pipeline.calibration import out_of_date
from splicedex.indexer.sources.base import BLOCK, blocks
from splicedex.indexer.store.index import OWN_FIELDS, Index
from splicedex.splice.decomposition import decompose
from splicedex.splice.errors import UserError

SAMPLE = 64
"""Images that are decomposed again and searched for."""
WEIGHT_OFF = 2e-3
"""Tolerance for weights, which depend slightly on the other images of a batch."""
SCORE_OFF = 1e-3
"""Tolerance for the score of a search."""
FACETS = 10_000
"""Most frequent values of a payload field whose counts are compared."""
NAMED = 3
"""Images that a finding names at most."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the number of images done, and the number of all images."""


@dataclass
class Findings:
    """What is wrong with an index. False if nothing is; iterating gives a line for each fault.

    Args:
        images: Number of images checked.
        wrong: Names of the images with a fault, by fault.
        others: Faults that do not concern single images.
    """

    images: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    def add(self, what: str, hit: Hit) -> None:
        """Record a fault of an image.

        Args:
            what: The fault.
            hit: The image.
        """
        self.wrong.setdefault(what, []).append(str(hit.payload.get("path", hit.id)))

    def __bool__(self) -> bool:
        return bool(self.wrong or self.others)

    def __iter__(self) -> Iterator[str]:
        for what, images in self.wrong.items():
            named = ", ".join(images[:NAMED]) + (", ..." if len(images) > NAMED else "")
            yield f"{what}: {len(images):,} images ({named})"
        yield from self.others


def verify(index: Index, *, on_progress: Progress = lambda *_: None) -> Findings:
    """Check an open index. Changes nothing.

    Compares the manifest with the concept space and the engine, every point with its embedding
    (presence, cosine, concepts), and the payload indexes and the mapped copy with the points. A
    sample of images is
    decomposed again and searched for.

    Args:
        index: Open index.
        on_progress: Called after every block.

    Returns:
        What is wrong.

    Raises:
        UserError: A part of the index cannot be read.
    """
    findings = Findings()
    findings.others += wrong_files(index)
    if findings:
        return findings
    total = index.engine.count()
    every = max(total // SAMPLE, 1)
    counts, sample = _Counts(index), list[Hit]()
    mapped = MappedCheck(index.engine.mapped) if index.engine.mapped else None
    hits = index.engine.scroll(with_dense=True, with_concepts=True, page=BLOCK)
    for block in blocks(hits, BLOCK):
        for hit, fault in zip(block, faults(index, block), strict=True):
            counts.add(hit)
            if fault:
                findings.add(fault, hit)
        if mapped:
            mapped.add(block)
        sample += islice(block, -findings.images % every, None, every)
        findings.images += len(block)
        on_progress(findings.images, total)
    if findings.images != total:
        findings.others.append(f"the engine counts {total:,} images but holds {findings.images:,}")
    findings.others += counts.disagreements()
    findings.others += mapped.disagreements() if mapped else ()
    if out_of_date(index):
        findings.others.append(
            "the calibration is for other images: an index run did not end, or images are lost"
        )
    if index.counts.file_is_wrong():
        findings.others.append(f"the counts kept in {COUNTS} do not agree with the images")
    if not findings.wrong:
        _check_sample(index, sample, findings)
    return findings


def wrong_files(index: Index) -> list[str]:
    """Compare the concept space, the lexicon and the calibration of an index with its manifest.

    Args:
        index: Open index.

    Returns:
        What is wrong; empty if nothing is.
    """
    space, manifest = index.space, index.manifest
    if space.fingerprint != manifest.space:
        return ["the concept space is not the one that the index was made with"]
    if (len(space.concepts), space.dim) != (manifest.concepts, manifest.dim):
        return ["the manifest and the concept space differ in size"]
    try:
        _ = index.lexicon
    except UserError as error:
        return [error.cause]
    if not index.calibration.fits(space):
        return ["the calibration is damaged, or belongs to another concept space"]
    return []


class _Counts:
    """Counts the values of payload fields, to compare with the payload indexes of the engine."""

    def __init__(self, index: Index) -> None:
        self._engine = index.engine
        kinds: Mapping[str, FieldKind] = {**OWN_FIELDS, **indexes(index.manifest.columns)}
        self._kinds = {
            name: kind for name, kind in kinds.items() if kind != "float" and name != "path"
        }
        self._counts: dict[str, Counter[Scalar]] = {name: Counter() for name in self._kinds}

    def add(self, hit: Hit) -> None:
        for name, kind in self._kinds.items():
            self._counts[name].update(_values(hit.payload.get(name), kind))

    def disagreements(self) -> Iterator[str]:
        for name, counts in self._counts.items():
            found = dict(self._engine.facet(name, limit=FACETS))
            same = all(counts[value] == count for value, count in found.items())
            if not same or len(found) != min(len(counts), FACETS):
                yield f"the payload index of {name!r} does not agree with the images"


def _values(value: Any, kind: FieldKind) -> set[Any]:
    """The values of a payload field that an index of a kind holds."""
    several = value if isinstance(value, list) else [value]
    wanted: type = {"keyword": str, "bool": bool}.get(kind, int)
    return {one for one in several if type(one) is wanted}


def _check_sample(index: Index, sample: Sequence[Hit], findings: Findings) -> None:
    """Decompose some images again, and check that searches find them."""
    if not sample:
        return
    stored = batch_of(sample, len(index.space.concepts))
    again = decompose(index.space, stored.dense, index.manifest.sparsity, index.penalties)
    off = np.abs((again - stored.concepts).toarray()).max(axis=1)
    for row, hit in enumerate(sample):
        if off[row] > WEIGHT_OFF:
            findings.add("its weights differ when it is decomposed again", hit)
        assert hit.dense is not None
        near = index.engine.query(Query(Nearest(hit.dense), with_payload=False, limit=1))
        if not near or near[0].score < 1 - SCORE_OFF:
            findings.add("a search for its embedding does not find it", hit)
        if not _is_found_by_concepts(index, hit):
            findings.add("a search for its concepts does not find it", hit)


def _is_found_by_concepts(index: Index, hit: Hit) -> bool:
    assert hit.concepts is not None
    if not len(hit.concepts.indices):
        return True
    found = index.engine.query(Query(Nearest(hit.concepts), with_payload=False, limit=BLOCK))
    own = float(hit.concepts.values @ hit.concepts.values)
    return any(one.id == hit.id and abs(one.score - own) < SCORE_OFF * own for one in found) or (
        len(found) == BLOCK and found[-1].score >= own
    )
