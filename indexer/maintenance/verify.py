"""Verifying an index: everything stored is read, and held against what it should follow from."""

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
from splicedex.indexer.maintenance.check_points import faults
from splicedex.indexer.pipeline.calibration import out_of_date
from splicedex.indexer.sources.base import BLOCK, blocks
from splicedex.indexer.store.concept_counts import FILE as COUNTS
from splicedex.indexer.store.index import OWN_FIELDS, Index
from splicedex.splice.decomposition import decompose

SAMPLE = 64
"""Images that are decomposed again and searched for."""
WEIGHT_OFF = 2e-3
"""How far weights may be off that were computed among other images."""
SCORE_OFF = 1e-3
"""How far the score of a search may be off."""
FACETS = 10_000
"""Values of a payload field whose counts are compared: the most frequent."""
NAMED = 3
"""Images that a finding names."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how many images of how many are done."""


@dataclass
class Findings:
    """What is wrong with an index; false if nothing is.

    Args:
        images: How many were looked at.
        wrong: The images with something wrong, by what it is.
        others: What is wrong beside images.
    """

    images: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)

    def add(self, what: str, hit: Hit) -> None:
        """An image has something wrong."""
        self.wrong.setdefault(what, []).append(str(hit.payload.get("path", hit.id)))

    def __bool__(self) -> bool:
        return bool(self.wrong or self.others)

    def __iter__(self) -> Iterator[str]:
        for what, images in self.wrong.items():
            named = ", ".join(images[:NAMED]) + (", ..." if len(images) > NAMED else "")
            yield f"{what}: {len(images):,} images ({named})"
        yield from self.others


def verify(index: Index, *, on_progress: Progress = lambda *_: None) -> Findings:
    """Check an index that opens.

    Counts, dimensions, the manifest against space and engine, every point against its own
    embedding (presence, cosine, concepts), the payload indexes against the points, and a sample
    decomposed again and searched for.

    Args:
        index: Open index.
        on_progress: Called after every block.

    Raises:
        UserError: A part cannot be read at all.
    """
    findings = Findings()
    findings.others += wrong_files(index)
    if findings:
        return findings
    total = index.engine.count()
    every = max(total // SAMPLE, 1)
    counts, sample = _Counts(index), list[Hit]()
    hits = index.engine.scroll(with_dense=True, with_concepts=True, page=BLOCK)
    for block in blocks(hits, BLOCK):
        for hit, fault in zip(block, faults(index, block), strict=True):
            counts.add(hit)
            if fault:
                findings.add(fault, hit)
        sample += islice(block, -findings.images % every, None, every)
        findings.images += len(block)
        on_progress(findings.images, total)
    if findings.images != total:
        findings.others.append(f"the engine counts {total:,} images and has {findings.images:,}")
    findings.others += counts.disagreements()
    if out_of_date(index):
        findings.others.append(
            "the calibration is of other images: a run has not ended, or images are lost"
        )
    if index.counts.wrong():
        findings.others.append(f"the counts kept in {COUNTS} do not agree with the images")
    if not findings.wrong:
        _check_sample(index, sample, findings)
    return findings


def wrong_files(index: Index) -> list[str]:
    """What is wrong with space and calibration, by the manifest."""
    space, manifest = index.space, index.manifest
    if space.fingerprint != manifest.space:
        return ["the concept space is not the one that the index was made with"]
    if (len(space.concepts), space.dim) != (manifest.concepts, manifest.dim):
        return ["the manifest and the concept space differ in size"]
    if not index.calibration.fits(space):
        return ["the calibration is damaged, or of another concept space"]
    return []


class _Counts:
    """Counts values of payload fields as the engine's indexes should."""

    def __init__(self, index: Index) -> None:
        self._engine = index.engine
        kinds: Mapping[str, FieldKind] = {**OWN_FIELDS, **index.manifest.columns}
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


def _values(value: Any, kind: FieldKind) -> set[Scalar]:
    """What an index of a kind knows of a payload field."""
    several = value if isinstance(value, list) else [value]
    wanted = str if kind == "keyword" else int
    return {one for one in several if isinstance(one, wanted) and not isinstance(one, bool)}


def _check_sample(index: Index, sample: Sequence[Hit], findings: Findings) -> None:
    """Decompose some images again, and look whether searches find them."""
    if not sample:
        return
    stored = batch_of(sample, len(index.space.concepts))
    again = decompose(index.space, stored.dense, index.manifest.sparsity)
    off = np.abs((again - stored.concepts).toarray()).max(axis=1)
    for row, hit in enumerate(sample):
        if off[row] > WEIGHT_OFF:
            findings.add("decomposed again, it has other weights", hit)
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
