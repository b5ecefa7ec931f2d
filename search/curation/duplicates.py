"""`duplicates`: groups of images that look the same to the model, and which of each to keep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, Literal, TypeAlias

import numpy as np

from splicedex.indexer.engines.query import Hit
from splicedex.indexer.sources.base import blocks
from splicedex.indexer.sources.location import to_path
from splicedex.indexer.store.index import Index
from splicedex.search.curation.subsets.checks import check_choice
from splicedex.search.curation.subsets.exact_pairs import near_pairs
from splicedex.search.curation.subsets.graph_pairs import has_graph, walked_pairs
from splicedex.search.curation.subsets.reading import Progress, read_ids, silent
from splicedex.search.curation.subsets.subset import Example, Subset, subset
from splicedex.search.searcher import Searcher
from splicedex.splice.align import Matrix, unit
from splicedex.splice.errors import UserError

Keep: TypeAlias = Literal["first", "largest", "oldest", "central"]
ABOVE = 0.95
"""Cosine from which two images count as duplicates."""
COMPARED = 250_000
"""Most images of which every pair is compared. It takes 0.6 GB, and less time than the graph."""
_FIELDS = ("path", "location", "width", "height", "bytes")


@dataclass(frozen=True, slots=True)
class Copy:
    """An image of a group, with its cosine to the one to keep."""

    image: Example
    cosine: float


@dataclass(frozen=True, slots=True)
class Group:
    """Images that look the same.

    Args:
        keep: The image to keep.
        others: The other images, nearest first. Each is near some image of the group, but not
            always near the one to keep.
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
        groups: The groups, largest first.
    """

    query: str
    images: int
    exact: bool
    superfluous: int
    groups: tuple[Group, ...]


def duplicates(
    searcher: Searcher,
    query: str = "",
    above: float = ABOVE,
    keep: Keep = "largest",
    on_progress: Progress = silent,
    exact: bool | None = None,
) -> Duplicates:
    """Group the images of a subset by the cosine of their dense vectors.

    Two images are in one group if a chain of near images joins them. Of up to 250,000 images every
    pair is compared, with all vectors in memory. For more, the engine's graph finds near images if
    there is one; it can miss some.

    Args:
        searcher: A searcher of an open index.
        query: The query of the subset; empty for every image.
        above: Least cosine of near images, above 0 and at most 1.
        keep: Which image of each group to keep: the "first" by path, the "largest" in pixels, the
            "oldest" file, or the most "central", which is most similar to all others.
        on_progress: Called with images done and their total.
        exact: True to compare every pair, False to use the graph; by default the number of images
            decides.

    Raises:
        UserError: The query cannot be a subset, an argument is not valid, or `keep` needs the
            files and one is missing.
    """
    check_choice("--keep", keep, _RULES)
    if not 0 < above <= 1:
        raise UserError(f"--above {above:g} is no cosine above 0 and at most 1", "try 0.95")
    chosen = subset(searcher, query)
    if exact is None:
        exact = chosen.images <= COMPARED or not has_graph(searcher.index)
    links = (_exact_links if exact else _graph_links)(searcher.index, chosen, above, on_progress)
    groups = list(_groups(searcher.index, connected_components(links), keep))
    groups.sort(key=lambda group: (-len(group.others), group.keep.path))
    superfluous = sum(len(group.others) for group in groups)
    return Duplicates(query, chosen.images, exact, superfluous, tuple(groups))


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


def _exact_links(
    index: Index, chosen: Subset, above: float, on_progress: Progress
) -> Iterator[tuple[str, str]]:
    """Ids of near images, by comparing every pair."""
    ids = []
    vectors = np.empty((chosen.images, index.space.dim), np.float32)
    hits = index.engine.scroll(chosen.filter, with_payload=False, with_dense=True)
    for row, hit in enumerate(islice(hits, chosen.images)):
        assert hit.dense is not None
        ids.append(hit.id)
        vectors[row] = hit.dense
    for i, j, _ in near_pairs(unit(vectors[: len(ids)]), above, on_progress):
        yield ids[i], ids[j]


def _graph_links(
    index: Index, chosen: Subset, above: float, on_progress: Progress
) -> Iterator[tuple[str, str]]:
    """Ids of near images, by the engine's graph."""
    hits = index.engine.scroll(chosen.filter, with_payload=False, with_dense=True)
    links = walked_pairs(index.engine, hits, above, on_progress, chosen.images)
    if chosen.filter is None:
        yield from links
        return
    inside = set(read_ids(index, chosen.filter))
    yield from (link for link in links if link[1] in inside)


def _groups(index: Index, components: Iterable[Sequence[str]], keep: Keep) -> Iterator[Group]:
    """The groups of the images with these ids, read some at a time."""
    for some in blocks(components):
        hits = {
            hit.id: hit
            for block in blocks(chain.from_iterable(some))
            for hit in index.engine.retrieve(block, with_payload=_FIELDS, with_dense=True)
        }
        for ids in some:
            members = [hits[id_] for id_ in ids if id_ in hits]  # others can delete in the meantime
            if len(members) > 1:
                yield _group(members, keep)


def _group(hits: Sequence[Hit], keep: Keep) -> Group:
    """One group, with the image to keep chosen by a rule."""
    vectors = unit(np.array([hit.dense for hit in hits], np.float32))
    images = [Example(hit.id, hit.payload["path"]) for hit in hits]
    order = _RULES[keep]([hit.payload for hit in hits], vectors)
    kept = min(range(len(hits)), key=lambda row: (order[row], images[row].path))
    cosines = vectors @ vectors[kept]
    others = [Copy(images[row], float(cosines[row])) for row in range(len(hits)) if row != kept]
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
