"""Two sides of a data set: what their images show, and how they differ on average."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from splicedex.indexer.engines.query import Filter
from splicedex.indexer.payload.concept_counts import Counts
from splicedex.indexer.payload.presence import has
from splicedex.indexer.store.index import Index
from splicedex.search.curation.statistics.evidence import Evidence
from splicedex.search.curation.statistics.proportions import Floats
from splicedex.search.curation.statistics.two_by_two import LabelTables
from splicedex.search.curation.subsets.subset import intersection
from splicedex.splice.align import Matrix, unit

READ = 1024
"""Images of a set that are read. Their mean is known to a thirtieth of how far they lie from it."""
_BLOCK = 256


@dataclass(frozen=True, eq=False)
class Mean:
    """The mean image of a set.

    Args:
        images: How many images the set has.
        embedding: Mean of their embeddings (d,); 0 without an image.
    """

    images: int
    embedding: Floats


def mean_of(index: Index, passing: Filter | None, images: int, limit: int = READ) -> Mean:
    """The mean of at most `limit` images of a set.

    Those with the lowest ids are read. Ids are hashes of paths, so this is a random sample, and
    always the same one.

    Args:
        index: The open index.
        passing: The filter that the images of the set pass.
        images: How many they are.
        limit: How many to read.
    """
    hits = index.engine.scroll(passing, with_payload=False, with_dense=True, page=_BLOCK)
    total = np.zeros(index.manifest.dim)
    read = 0
    for hit in islice(hits, min(images, limit)):
        assert hit.dense is not None
        total += unit(hit.dense)
        read += 1
    return Mean(images, total / max(read, 1))


def together(means: Sequence[Mean]) -> Mean:
    """The mean of several sets, each of which counts by its number of images."""
    images = np.array([one.images for one in means])
    weights = images / max(images.sum(), 1)
    embeddings = np.array([one.embedding for one in means])
    return Mean(int(images.sum()), np.asarray(weights @ embeddings, np.float64))


@dataclass(frozen=True, eq=False)
class Side:
    """A set of images.

    Args:
        passing: The filter that they pass; None for every image.
        counts: How many of them are said to show each concept (c,).
        mean: Their mean image.
    """

    passing: Filter | None
    counts: Counts
    mean: Mean


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
        if not self.one.mean.images or not self.other.mean.images:
            return np.zeros(self.index.manifest.dim, np.float32)
        difference: Matrix = (self.one.mean.embedding - self.other.mean.embedding).astype(
            np.float32
        )
        return difference

    def evidence(self) -> Evidence:
        """What speaks for each concept going with the one."""
        one, other = self.one, self.other
        tables = LabelTables(one.counts, one.mean.images, other.counts, other.mean.images)
        return Evidence.of(tables, self.index.shows.contrast(self.difference))

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
        tables = LabelTables(hits, self.one.mean.images, other_hits, self.other.mean.images)
        return evidence.with_counts(concepts, tables)
