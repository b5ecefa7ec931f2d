"""Finds the copies among images: candidates by fingerprint and embedding, then their pixels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from splicedex.indexer.sources.location import printable
from splicedex.search.curation.copies.candidates import same_bytes, same_pictures
from splicedex.search.curation.copies.images import Images
from splicedex.search.curation.copies.judge import (
    Guess,
    Link,
    best_guess,
    guess_parts,
    guess_whole,
    judge,
)
from splicedex.search.curation.copies.relation import IDENTICAL, Relation
from splicedex.search.curation.copies.windows import coarse
from splicedex.search.curation.subsets.reading import Progress, silent

ENLARGED = 1.1
"""Most pixels of a crop, by those of the whole photo: larger ones are the photo, not the crop."""


def find_copies(
    images: Images, near: Mapping[int, Sequence[int]], on_progress: Progress
) -> list[Link]:
    """Find pairs of images of which one is a copy of the other.

    Args:
        images: The images.
        near: Rows of the images that are most similar to each one, in which crops are looked for.
        on_progress: Called by each stage with how much is done, and its total.
    """
    links = [Link(one, other, IDENTICAL) for one, other in same_bytes(images)]
    doubles = {link.other for link in links}  # the first of identical ones stands for all
    best: dict[tuple[int, int], Guess] = {}

    def add(guesses: Iterable[Guess]) -> None:
        for guess in guesses:
            pair = (min(guess.one, guess.other), max(guess.one, guess.other))
            if pair not in best or best[pair].cosine < guess.cosine:
                best[pair] = guess

    add(guess_whole(images, same_pictures(images, on_progress)))
    ways = coarse().ways(images.prints.coefficients)
    for done, (one, others) in enumerate(near.items(), 1):
        most = ENLARGED * images.pixels[one]
        smaller = [other for other in others if images.pixels[other] <= most]
        if smaller:
            add(guess_parts(images, one, smaller, ways))
        on_progress(done, len(near))
    ordered = [best[pair] for pair in sorted(best) if doubles.isdisjoint(pair)]
    return [*links, *judge(images, ordered, on_progress)]


def relations_of(
    images: Images, links: Sequence[Link], pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], Relation]:
    """How each of some images follows from another one, whose copy it is by a chain of links.

    Args:
        images: The images.
        links: All links.
        pairs: Rows of the images to keep and of their copies.
    """
    found = {(link.one, link.other): link.relation for link in links}
    missing = [pair for pair in pairs if pair not in found]
    guesses = [guess for pair in missing if (guess := best_guess(images, *pair)) is not None]
    found |= {(link.one, link.other): link.relation for link in judge(images, guesses, silent)}
    of_another: dict[int, Relation] = {}
    original_of: dict[int, Relation] = {}
    for link in links:  # for images that do not follow from the one to keep
        one, other, says = images.files[link.one], images.files[link.other], link.relation.says
        of_another.setdefault(
            link.other, replace(link.relation, says=f"{says} (of {printable(one.name)})")
        )
        original_of.setdefault(
            link.one,
            replace(link.relation, says=f"{printable(other.name)} is a copy of it: {says}"),
        )
    return {
        pair: found.get(pair) or of_another.get(pair[1]) or original_of[pair[1]] for pair in pairs
    }
