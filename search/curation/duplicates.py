"""`duplicates`: copies of images and images that look alike, and which of each group to keep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, TypeAlias

import numpy as np

from splicedex.indexer.engines.query import Hit
from splicedex.indexer.sources.base import blocks
from splicedex.indexer.sources.location import to_path
from splicedex.indexer.store.index import Index
from splicedex.search.curation.copies.candidates import neighbours, neighbours_of
from splicedex.search.curation.copies.completeness import Completeness
from splicedex.search.curation.copies.find import find_copies, relations_of
from splicedex.search.curation.copies.images import Images, read_images
from splicedex.search.curation.copies.judge import Link
from splicedex.search.curation.copies.relation import ALIKE, KINDS, Checked, Kind, Relation
from splicedex.search.curation.subsets.checks import check_choice
from splicedex.search.curation.subsets.exact_pairs import near_pairs
from splicedex.search.curation.subsets.graph_pairs import has_graph, walked_neighbours, walked_pairs
from splicedex.search.curation.subsets.reading import Progress, silent
from splicedex.search.curation.subsets.subset import Example, Subset, subset
from splicedex.search.searcher import Searcher
from splicedex.splice.align import Matrix, unit
from splicedex.splice.errors import UserError

Keep: TypeAlias = Literal["first", "largest", "oldest", "central"]
ABOVE = 0.95
"""Cosine from which two images look alike."""
COMPARED = 250_000
"""Most images of which every pair is compared. It takes 0.6 GB, and less time than the graph."""
_FIELDS = ("path", "location", "width", "height", "bytes")


@dataclass(frozen=True, slots=True)
class Copy:
    """An image of a group.

    Args:
        image: The image.
        cosine: Cosine of its embedding and that of the one to keep.
        kinds: What was done to it; `alike` if it is no copy.
        says: The same in words, with how much.
        checked: What was compared to say so.
    """

    image: Example
    cosine: float
    kinds: tuple[Kind, ...]
    says: str
    checked: Checked


@dataclass(frozen=True, slots=True)
class Group:
    """An image with its copies, or images that look alike.

    Args:
        keep: The image to keep.
        others: The other images, nearest first. One that looks alike is near some image of the
            group, but not always near the one to keep.
    """

    keep: Example
    others: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """The groups of duplicates in a subset.

    Args:
        query: The query of the subset; empty for every image.
        images: How many images it has.
        exact: Whether every pair was compared.
        superfluous: How many images can go: all but one of each group.
        unprinted: How many images have no fingerprint, so that only their embeddings were compared.
        groups: The groups, largest first. An image to keep may also look like others, in another
            group.
    """

    query: str
    images: int
    exact: bool
    superfluous: int
    unprinted: int
    groups: tuple[Group, ...]


def duplicates(
    searcher: Searcher,
    query: str = "",
    above: float | None = None,
    keep: Keep = "largest",
    on_progress: Progress = silent,
    exact: bool | None = None,
    kinds: Collection[str] = (),
) -> Duplicates:
    """Group the copies in a subset; on request also images that merely look alike.

    Copies are found by fingerprints and pixels. Images look alike if the cosine of their dense
    vectors is high; two are in one group if a chain of such images joins them. That is no proof:
    some models give half of all photos such a neighbour. So they are only listed if `above` or
    `kinds` asks for them, and where images have no fingerprint, because nothing else is known.

    Of up to 250,000 images every pair of vectors is compared, with all in memory. For more, the
    engine's graph finds near images if there is one; it can miss some.

    Args:
        searcher: A searcher of an open index.
        query: The query of the subset; empty for every image.
        above: Least cosine of images that look alike, above 0 and at most 1. By default .95.
        keep: Which image of each group to keep: the "first" by path, the "largest" in pixels that
            is neither cropped nor greyed, the "oldest" file, or the most "central", which is most
            similar to all others.
        on_progress: Called by each stage with how much is done, and its total.
        exact: True to compare every pair, False to use the graph; by default the number of images
            decides.
        kinds: Kinds of copies to list; by default all, `alike` as said above.

    Raises:
        UserError: The query cannot be a subset, an argument is not valid, or `keep` needs the
            files and one is missing.
    """
    check_choice("--keep", keep, _RULES)
    for kind in kinds:
        check_choice("--kinds", kind, KINDS)
    if above is not None and not 0 < above <= 1:
        raise UserError(f"--above {above:g} is no cosine above 0 and at most 1", "try 0.95")
    chosen = subset(searcher, query)
    index = searcher.index
    if exact is None:
        exact = chosen.images <= COMPARED or not has_graph(index)
    images = read_images(index, chosen, with_vectors=exact)
    groups = []
    stands_for: dict[str, str] = {}
    links = find_copies(images, _neighbours(index, images, on_progress), on_progress)
    for group in _copies(index, images, links, keep):
        groups.append(group)
        stands_for |= {copy.image.id: group.keep.id for copy in group.others}
    everywhere = above is not None or "alike" in kinds
    missing = images.prints.missing
    if everywhere or missing.any():
        pairs = _near(index, chosen, images, ABOVE if above is None else above, on_progress)
        known = (
            set()
            if everywhere
            else {id_ for id_, none in zip(images.ids, missing, strict=True) if not none}
        )
        groups += _alike(
            index,
            (
                (stands_for.get(one, one), stands_for.get(other, other))
                for one, other in pairs
                if one not in known or other not in known
            ),
            keep,
        )
    groups = [listed for group in groups if (listed := _only(group, kinds)) is not None]
    groups.sort(key=lambda group: (-len(group.others), group.keep.path))
    superfluous = len({copy.image.id for group in groups for copy in group.others})
    unprinted = int(missing.sum())
    return Duplicates(query, chosen.images, exact, superfluous, unprinted, tuple(groups))


def connected_components(links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Connected components of a graph, each in ascending order (union-find)."""
    root: dict[str, str] = {}

    def find(node: str) -> str:
        root.setdefault(node, node)
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for a, b in links:
        root[max(find(a), find(b))] = min(find(a), find(b))
    components: dict[str, list[str]] = defaultdict(list)
    for node in sorted(root):
        components[find(node)].append(node)
    return list(components.values())


def _neighbours(index: Index, images: Images, on_progress: Progress) -> dict[int, list[int]]:
    """Rows of the images nearest to each one with a fingerprint."""
    if images.vectors is not None:
        return neighbours(images.vectors, np.flatnonzero(images.known), on_progress)
    rows = {id_: row for row, id_ in enumerate(images.ids) if images.known[row]}
    found: dict[int, set[int]] = defaultdict(set)
    hits = (
        hit
        for block in blocks(rows)
        for hit in index.engine.retrieve(block, with_payload=False, with_dense=True)
    )
    count = neighbours_of(max(len(rows), 1))
    for id_, other in walked_neighbours(index.engine, hits, count, on_progress, len(rows)):
        if other in rows:
            found[rows[id_]].add(rows[other])
            found[rows[other]].add(rows[id_])
    return {row: sorted(others) for row, others in found.items()}


def _near(
    index: Index, chosen: Subset, images: Images, above: float, on_progress: Progress
) -> Iterator[tuple[str, str]]:
    """Ids of images that look alike: by comparing every pair, or by the engine's graph."""
    ids = images.ids
    if images.vectors is not None:
        for i, j, _ in near_pairs(images.vectors, above, on_progress):
            yield ids[i], ids[j]
        return
    hits = index.engine.scroll(chosen.filter, with_payload=False, with_dense=True)
    inside = set(ids)
    for pair in walked_pairs(index.engine, hits, above, on_progress, chosen.images):
        if inside.issuperset(pair):
            yield pair


def _copies(index: Index, images: Images, links: Sequence[Link], keep: Keep) -> Iterator[Group]:
    """Each image that has copies, with them."""
    ids = images.ids
    rows = {ids[row]: row for link in links for row in (link.one, link.other)}
    complete = Completeness(images, links)
    groups = connected_components((ids[link.one], ids[link.other]) for link in links)
    chosen = []
    for members, vectors in _members(index, groups):
        hits = [(rows[hit.id], hit) for hit in members]
        order: Sequence[Any]
        if keep == "largest":
            order = complete.order([row for row, _ in hits])
        else:
            order = _RULES[keep]([hit.payload for hit in members], vectors)
        chosen.append((members, vectors, _kept(members, order)))
    pairs = [
        (rows[members[kept].id], rows[hit.id])
        for members, _, kept in chosen
        for hit in members
        if hit is not members[kept]
    ]
    relations = relations_of(images, links, pairs)
    for members, vectors, kept in chosen:
        one = rows[members[kept].id]
        said = [
            ALIKE if row == kept else relations[one, rows[hit.id]]
            for row, hit in enumerate(members)
        ]
        yield _group(members, vectors, kept, said)


def _alike(index: Index, links: Iterable[tuple[str, str]], keep: Keep) -> Iterator[Group]:
    """The groups of images that look alike."""
    components = connected_components(link for link in links if link[0] != link[1])
    for members, vectors in _members(index, components):
        order = _RULES[keep]([hit.payload for hit in members], vectors)
        yield _group(members, vectors, _kept(members, order), [ALIKE] * len(members))


def _only(group: Group, kinds: Collection[str]) -> Group | None:
    """A group with the copies of some kinds only; None if it has none."""
    if not kinds:
        return group
    others = tuple(copy for copy in group.others if not set(kinds).isdisjoint(copy.kinds))
    return Group(group.keep, others) if others else None


def _members(
    index: Index, components: Iterable[Sequence[str]]
) -> Iterator[tuple[list[Hit], Matrix]]:
    """The images with these ids and their unit vectors, read some groups at a time."""
    for some in blocks(components):
        hits = {
            hit.id: hit
            for block in blocks(chain.from_iterable(some))
            for hit in index.engine.retrieve(block, with_payload=_FIELDS, with_dense=True)
        }
        for ids in some:
            members = [hits[id_] for id_ in ids if id_ in hits]  # others can delete in the meantime
            if len(members) > 1:
                yield members, unit(np.array([hit.dense for hit in members], np.float32))


def _kept(hits: Sequence[Hit], order: Sequence[Any]) -> int:
    """The image that is first in an order, then by path."""
    return min(range(len(hits)), key=lambda row: (order[row], hits[row].payload["path"]))


def _group(hits: Sequence[Hit], vectors: Matrix, kept: int, relations: Sequence[Relation]) -> Group:
    """One group, with the image to keep."""
    images = [Example(hit.id, hit.payload["path"]) for hit in hits]
    cosines = vectors @ vectors[kept]
    others = [
        Copy(images[row], float(cosines[row]), said.kinds, said.says, said.checked)
        for row, said in enumerate(relations)
        if row != kept
    ]
    others.sort(key=lambda one: (-one.cosine, one.image.path))
    return Group(images[kept], tuple(others))


def _by_path(payloads: Sequence[Mapping[str, Any]], _: Any) -> list[float]:
    return [0.0] * len(payloads)


def _by_size(payloads: Sequence[Mapping[str, Any]], _: Any) -> list[float]:
    return [-float(one.get("width") or 0) * float(one.get("height") or 0) for one in payloads]


def _by_age(payloads: Sequence[Mapping[str, Any]], _: Any) -> list[float]:
    try:
        return [to_path(one).stat().st_mtime for one in payloads]
    except OSError as error:
        raise UserError(
            f"cannot read the age of a file ({error})", "use --keep first, largest or central"
        ) from error


def _by_similarity(_: Any, vectors: Matrix) -> list[float]:
    return [-float(total) for total in vectors @ vectors.sum(axis=0)]


_RULES: dict[str, Callable[[Sequence[Mapping[str, Any]], Matrix], list[float]]] = {
    "first": _by_path,
    "largest": _by_size,
    "oldest": _by_age,
    "central": _by_similarity,
}
"""A number for each image of a group: the one with the lowest is kept."""
