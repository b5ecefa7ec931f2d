"""Judges pairs of images: is the second a copy of the first, and how was it made?"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from splicedex.indexer.sources.base import blocks
from splicedex.search.curation.copies.alignment import align
from splicedex.search.curation.copies.candidates import SAME
from splicedex.search.curation.copies.images import Images
from splicedex.search.curation.copies.pictures import read_pictures
from splicedex.search.curation.copies.relation import IDENTICAL, Relation, relation
from splicedex.search.curation.copies.symmetry import SYMMETRIES, Symmetry, best_symmetry
from splicedex.search.curation.copies.windows import WHOLE, Window, coarse, fine
from splicedex.search.curation.subsets.reading import Progress

COARSE = 0.87
"""Cosine of a crop and a window of the coarse grid that is worth a closer look."""
PART = 0.9
"""Cosine of the fingerprints of a crop and a window from which it may have been cut there."""
ALONE = 0.95
"""The same, and that of whole pictures, where there are no files to compare."""
DETAIL = 0.72
"""Correlation of the details of two pictures, one laid over the other, that makes them copies."""
_BLOCK = 256


@dataclass(frozen=True, slots=True)
class Guess:
    """How an image may follow from another one, by their fingerprints.

    Args:
        one: Row of the original.
        other: Row of the copy.
        cosine: Cosine of their fingerprints, turned and cut so.
        way: How it may be turned and mirrored.
        window: What part it may show.
    """

    one: int
    other: int
    cosine: float
    way: Symmetry
    window: Window


@dataclass(frozen=True, slots=True)
class Link:
    """Two images of which one is a copy of the other.

    Args:
        one: Row of the original.
        other: Row of the copy.
        relation: How it follows.
    """

    one: int
    other: int
    relation: Relation


def guess_whole(images: Images, pairs: Iterable[tuple[int, int]]) -> Iterator[Guess]:
    """How images may follow from others as a whole; the larger one is the original."""
    for some in blocks(pairs):
        ordered = [(a, b) if images.pixels[a] >= images.pixels[b] else (b, a) for a, b in some]
        one, other = np.array(ordered).T
        prints = images.prints.coefficients
        cosines, ways = best_symmetry(prints[one], prints[other])
        for (a, b), cosine, way in zip(ordered, cosines.tolist(), ways.tolist(), strict=True):
            yield Guess(a, b, cosine, SYMMETRIES[way], WHOLE)


def guess_parts(
    images: Images, one: int, others: Sequence[int], ways: NDArray[Any] | None = None
) -> list[Guess]:
    """How images may be cut out of one, if they may.

    Args:
        images: The images.
        one: Row of the whole.
        others: Rows of those that may be parts.
        ways: What `coarse().ways` returns for the fingerprints of all images, if it is at hand.
    """
    prints = images.prints.coefficients
    some = coarse().ways(prints[others]) if ways is None else ways[others]
    cosines, _, _ = coarse().best(prints[one], some)
    maybe = [others[row] for row in np.flatnonzero(cosines >= COARSE).tolist()]
    if not maybe:
        return []
    cosines, windows, turns = fine().best(prints[one], fine().ways(prints[maybe]))
    return [
        Guess(
            one,
            maybe[row],
            float(cosines[row]),
            SYMMETRIES[turns[row]],
            fine().windows[windows[row]],
        )
        for row in np.flatnonzero(cosines >= PART).tolist()
    ]


def best_guess(images: Images, one: int, other: int) -> Guess | None:
    """How one image may follow from another one, as a whole or in part."""
    if not (images.known[one] and images.known[other]):
        return None
    prints = images.prints.coefficients
    cosines, ways = best_symmetry(prints[[one]], prints[[other]])
    if cosines[0] >= ALONE:
        return Guess(one, other, float(cosines[0]), SYMMETRIES[ways[0]], WHOLE)
    parts = guess_parts(images, one, [other])
    if parts:
        return parts[0]
    if cosines[0] >= SAME:
        return Guess(one, other, float(cosines[0]), SYMMETRIES[ways[0]], WHOLE)
    return None


def judge(images: Images, guesses: Sequence[Guess], on_progress: Progress) -> Iterator[Link]:
    """Tell copies from images that look much the same, by the pixels of their files.

    Where a file is gone, has changed, or is too small, the fingerprints alone decide.

    Args:
        images: The images.
        guesses: The pairs to judge.
        on_progress: Called with pairs judged and their total.
    """
    together = [list(some) for some in blocks(guesses, _BLOCK)]
    wanted = [sorted({row for one in some for row in (one.one, one.other)}) for some in together]
    done = 0
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as threads:
        for some, pictures in zip(together, read_pictures(images, wanted), strict=True):
            found = threads.map(lambda guess, seen=pictures: _judged(images, guess, seen), some)
            yield from (link for link in found if link is not None)
            done += len(some)
            on_progress(done, len(guesses))


def _judged(images: Images, guess: Guess, pictures: dict[int, NDArray[Any]]) -> Link | None:
    """The link of a pair; None if it is none."""
    one, other = guess.one, guess.other
    if images.hashes[one] == images.hashes[other]:
        return Link(one, other, IDENTICAL)
    colours = (float(images.prints.colour[one]), float(images.prints.colour[other]))
    aligned = None
    if one in pictures and other in pictures:
        aligned = align(pictures[one], pictures[other], guess.way, guess.window, DETAIL)
        if aligned is not None and aligned.detail < DETAIL:
            return None
    if aligned is None:
        if guess.cosine < ALONE:
            return None
        scale = _scale(images, guess, guess.window)
        said = relation(guess.way, guess.window, 0.0, scale, colours, "fingerprints")
    else:
        scale = _scale(images, guess, aligned.window)
        said = relation(guess.way, aligned.window, aligned.angle, scale, colours, "pixels")
    return Link(one, other, said)


def _scale(images: Images, guess: Guess, window: Window) -> float | None:
    """Sides of the copy by those of what it shows of the original; None if they are not known."""
    shown = float(images.pixels[guess.one]) * window.area
    return float(np.sqrt(images.pixels[guess.other] / shown)) if shown > 0 else None
