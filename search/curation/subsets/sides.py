"""Two sides of a data set: what their images show, and how they differ on average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from splicedex.indexer.engines.query import Filter
from splicedex.indexer.payload.concept_counts import Counts
from splicedex.indexer.payload.presence import PRESENCE, has
from splicedex.indexer.payload.shows import SHOWS
from splicedex.indexer.store.index import Index
from splicedex.search.curation.statistics.evidence import Evidence
from splicedex.search.curation.statistics.proportions import Floats
from splicedex.search.curation.statistics.two_by_two import LabelTables
from splicedex.search.curation.subsets.subset import intersection
from splicedex.splice.align import Matrix, unit

READ = 1024
"""Images of a set that are read. They give a share to three percentage points, and the mean to a
thirtieth of how far single images lie from it."""
_BLOCK = 256


@dataclass(frozen=True, eq=False)
class Sample:
    """What some images of a set, chosen at random, have in common.

    Args:
        images: How many images the set has.
        mean: Mean of their embeddings (d,).
        shows: Share of the images of each half that are said to show each concept (2, c).
        present: Share of the images of each half in which each concept is present (2, c).
    """

    images: int
    mean: Floats
    shows: Floats
    present: Floats


def sample_of(index: Index, passing: Filter | None, images: int, limit: int = READ) -> Sample:
    """Read at most `limit` images of a set.

    Those with the lowest ids are read. Ids are hashes of paths, so this is a random sample, and
    always the same one; for the same reason every other image makes a random half.

    Args:
        index: The open index.
        passing: The filter that the images of the set pass.
        images: How many they are.
        limit: How many to read.
    """
    concepts = index.manifest.concepts
    total = np.zeros(index.manifest.dim)
    read = np.zeros(2)
    shares = {field: np.zeros((2, concepts)) for field in (SHOWS, PRESENCE)}
    hits = index.engine.scroll(passing, with_payload=tuple(shares), with_dense=True, page=_BLOCK)
    for number, hit in enumerate(islice(hits, min(images, limit))):
        assert hit.dense is not None
        half = number % 2
        total += unit(hit.dense)
        read[half] += 1
        for field, share in shares.items():
            share[half, hit.payload.get(field, [])] += 1
    shows, present = (share / np.maximum(read, 1)[:, None] for share in shares.values())
    return Sample(images, total / max(read.sum(), 1), shows, present)


def together(samples: Sequence[Sample]) -> Sample:
    """The sample of several sets, each of which counts by its number of images."""
    images = np.array([one.images for one in samples])
    weights = images / max(images.sum(), 1)
    mean, shows, present = (
        np.tensordot(weights, np.array(parts), 1)
        for parts in zip(*((one.mean, one.shows, one.present) for one in samples), strict=True)
    )
    return Sample(int(images.sum()), mean, shows, present)


@dataclass(frozen=True, eq=False)
class Side:
    """A set of images.

    Args:
        passing: The filter that they pass; None for every image.
        counts: How many of them are said to show each concept (c,).
        sample: Some of them.
    """

    passing: Filter | None
    counts: Counts
    sample: Sample


@dataclass(frozen=True, eq=False)
class Sides:
    """Two sets without common images.

    Args:
        index: The open index.
        one: The images in question.
        other: Those that they are compared with.
    """

    index: Index
    one: Side
    other: Side

    @property
    def difference(self) -> Matrix:
        """Mean embedding of the one minus that of the other (d,); 0 if a set is empty."""
        if not self.one.sample.images or not self.other.sample.images:
            return np.zeros(self.index.manifest.dim, np.float32)
        difference: Matrix = (self.one.sample.mean - self.other.sample.mean).astype(np.float32)
        return difference

    def evidence(self) -> Evidence:
        """What speaks for each concept going with the one."""
        one, other = self.one, self.other
        tables = LabelTables(one.counts, one.sample.images, other.counts, other.sample.images)
        halves = one.sample.shows - other.sample.shows
        return Evidence.of(tables, halves, self.index.shows.contrast(self.difference))

    def turned(self) -> Sides:
        """The same sets the other way round."""
        return Sides(self.index, self.other, self.one)

    def ask(self, evidence: Evidence, concepts: Sequence[int]) -> Evidence:
        """Count images as queries do, if they are asked for some concepts.

        Args:
            evidence: The evidence so far.
            concepts: The concepts.

        Returns:
            The evidence with the numbers of images in which these concepts are present.
        """
        count = self.index.engine.count
        hits, other_hits = (
            np.array([count(intersection(side.passing, has(i))) for i in concepts], np.int64)
            for side in (self.one, self.other)
        )
        one, other = self.one.sample, self.other.sample
        halves = one.present[:, concepts] - other.present[:, concepts]
        tables = LabelTables(hits, one.images, other_hits, other.images)
        return evidence.with_counts(concepts, tables, halves)
