"""`drift`: whether two sets of images show the same, and which concepts changed.

What an image shows depends on the concept space and the word frequencies alone, not on the
collection, so that the sets can be in different indexes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, hstack

from splicedex.indexer.payload.concept_counts import Counts
from splicedex.search.curation.concepts.things import Things
from splicedex.search.curation.statistics.contrast import LEVEL, contrast
from splicedex.search.curation.statistics.jensen_shannon import permutation_test
from splicedex.search.curation.statistics.proportions import Interval
from splicedex.search.curation.statistics.significance import q_values
from splicedex.search.curation.subsets.shown import sampled_probabilities
from splicedex.search.curation.subsets.subset import Subset, intersection, subset
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

PERMUTATIONS = 999


@dataclass(frozen=True, slots=True)
class Move:
    """A concept that more images of one set show than of the other.

    Args:
        concept: The name that most images of both sets show.
        family: All its names (near-synonyms), that one first.
        query: A query that finds the images that show it.
        images: Images of each set that are said to show it by any of its names, exactly.
        shares: The same as shares of each set.
        difference: The second share minus the first, with Newcombe's interval.
        q: P-value for equal shares, adjusted for all concepts (Benjamini and Hochberg).
    """

    concept: str
    family: tuple[str, ...]
    query: str
    images: tuple[int, int]
    shares: tuple[float, float]
    difference: Interval
    q: float


@dataclass(frozen=True, slots=True)
class Drift:
    """How much two sets differ.

    Args:
        names: The queries of the sets.
        images: How many images each has.
        sampled: From how many images of each the distance is computed.
        distance: Jensen-Shannon distance of the distributions of what they show.
        by_chance: The same between random halves of both sets together: mean and 95th percentile.
        p: P-value for equal distributions, by permutation.
        significant: How many concepts changed at q < .05.
        moved: The first of them, largest change first.
    """

    names: tuple[str, str]
    images: tuple[int, int]
    sampled: tuple[int, int]
    distance: float
    by_chance: tuple[float, float]
    p: float
    significant: int
    moved: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two sets: a subset of an index."""

    searcher: Searcher
    chosen: Subset

    def sample(self, things: Things) -> csr_array:
        """Probabilities (n, t + 1) that images show each thing; the last is for nothing at all."""
        found = things.total(sampled_probabilities(self.searcher.index, self.chosen.filter))
        # Else a set of blank images would be as any other without them.
        nothing = np.asarray(found.sum(axis=1)) == 0
        return csr_array(hstack([found, csr_array(nothing[:, None].astype(np.float64))]))

    def counts(self, things: Things) -> tuple[Counts, Counts]:
        """Images that show each concept (c,), and each thing (t,)."""
        index, passing = self.searcher.index, self.chosen.filter
        each = index.counts.of(passing)
        return each, things.counts(index, passing, each)


def drift(
    first: tuple[Searcher, str],
    second: tuple[Searcher, str],
    limit: int = 20,
    permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Drift:
    """Measure how much the concepts that two sets of images show differ.

    Args:
        first: A searcher and a query; an empty query is every image.
        second: The same for the second set, of the same index or of another.
        limit: At most this many changed concepts.
        permutations: Number of random splits of the permutation test.
        seed: Seed of the random splits.

    Raises:
        UserError: The indexes have different concept spaces or word frequencies, the two sets share
            images, or a query cannot be a subset.
    """
    one, two = (_Side(searcher, subset(searcher, query)) for searcher, query in (first, second))
    _check_comparable(one, two)
    things = Things.of_index(one.searcher.index)
    shown, other_shown = one.sample(things), two.sample(things)
    tested = permutation_test(shown, other_shown, permutations, seed)
    moved, significant = _moved(one, two, things, limit)
    return Drift(
        names=(one.chosen.name, two.chosen.name),
        images=(one.chosen.images, two.chosen.images),
        sampled=(shown.shape[0], other_shown.shape[0]),
        distance=tested.distance,
        by_chance=tested.by_chance,
        p=tested.p,
        significant=significant,
        moved=moved,
    )


def _moved(one: _Side, two: _Side, things: Things, limit: int) -> tuple[tuple[Move, ...], int]:
    """The concepts whose share changed most, and how many changed significantly."""
    (by_name, images), (other_by_name, other_images) = one.counts(things), two.counts(things)
    found = contrast(other_images, two.chosen.images, images, one.chosen.images)
    q = q_values(found.p, tested=images + other_images > 0)
    by_name = by_name + other_by_name

    def move(thing: int) -> Move:
        names = things.names(thing, by_name)
        return Move(
            concept=names[0],
            family=names,
            query=things.query(thing, by_name),
            images=(int(images[thing]), int(other_images[thing])),
            shares=(float(found.shares[1].value[thing]), float(found.shares[0].value[thing])),
            difference=found.difference[thing],
            q=float(q[thing]),
        )

    leading = found.leading(q, "share")[:limit]
    return tuple(move(thing) for thing in leading.tolist()), int((q < LEVEL).sum())


def _check_comparable(one: _Side, two: _Side) -> None:
    """Check that the sets share no images, and that what their images show can be compared.

    Raises:
        UserError: They share images, or their concept spaces or word frequencies differ.
    """
    if one.searcher is two.searcher:
        overlap = one.searcher.index.engine.count(
            intersection(one.chosen.filter, two.chosen.filter)
        )
        if overlap:
            raise UserError(f"{overlap:,} images are in both sets", "choose two that share none")
        return
    first, second = one.searcher.index.manifest, two.searcher.index.manifest
    for name, differ in (
        ("concept spaces", first.space != second.space),
        ("word frequencies", first.word_frequency != second.word_frequency),
    ):
        if differ:
            raise UserError(
                f"the indexes have different {name}",
                "index both with the same model, vocabulary and word frequencies",
            )
