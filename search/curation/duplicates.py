"""Duplicates: groups of images that look the same to the model, and which of each to keep."""

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
from splicedex.search.curation.subsets.exact_pairs import near_pairs
from splicedex.search.curation.subsets.graph_pairs import has_graph, walked_pairs
from splicedex.search.curation.subsets.reading import Progress, silent
from splicedex.search.curation.subsets.subset import Example, Subset, subset
from splicedex.search.searcher import Searcher
from splicedex.splice.align import Matrix, unit
from splicedex.splice.errors import UserError

Keep: TypeAlias = Literal["first", "largest", "oldest", "central"]
ABOVE = 0.95
"""Cosine from which two images count as one."""
COMPARED = 250_000
"""Images up to which comparing every pair takes less time than walks in a graph, and 0.6 GB."""
_FIELDS = ("path", "location", "width", "height", "bytes")


@dataclass(frozen=True, slots=True)
class Copy:
    """An image of a group, with its cosine to the one that is kept."""

    image: Example
    cosine: float


@dataclass(frozen=True, slots=True)
class Group:
    """Images that look the same.

    Args:
        keep: The one to keep.
        others: The rest, nearest first. Each is near some image of the group, not always the kept.
    """

    keep: Example
    others: tuple[Copy, ...]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Groups of a subset.

    Args:
        query: The subset; empty for every image.
        images: How many it has.
        exact: Whether every pair was looked at.
        superfluous: Images beyond the first of their group.
        groups: Largest first.
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

    Images belong together if a chain of near ones joins them. Of up to 250,000 every pair is
    looked at, with their vectors in memory; the neighbours of more are found by the engine's graph,
    if it has one, which may miss some.

    Args:
        searcher: Of an open index.
        query: The subset; empty for every image.
        above: Least cosine of a link, above 0 and at most 1.
        keep: Of each group: the "first" by name, the "largest" in pixels, the "oldest" file, or the
            most "central", the one most like all others.
        on_progress: Called with images done and their total.
        exact: Look at every pair, or let the graph find them, whatever their number.

    Raises:
        UserError: The query cannot be a subset, an unknown rule, or one that needs files which are
            not there.
    """
    if keep not in _RULES:
        raise UserError(f"--keep {keep} is unknown", f"use {', '.join(_RULES)}")
    if not 0 < above <= 1:
        raise UserError(f"a cosine above {above:g} groups nothing of use", "try 0.95")
    chosen = subset(searcher, query)
    if exact is None:
        exact = chosen.images <= COMPARED or not has_graph(searcher.index)
    links = (_compared if exact else _walked)(searcher.index, chosen, above, on_progress)
    made = list(_groups(searcher.index, joined(links), keep))
    made.sort(key=lambda group: (-len(group.others), group.keep.path))
    superfluous = sum(len(group.others) for group in made)
    return Duplicates(query, chosen.images, exact, superfluous, tuple(made))


def _compared(
    index: Index, chosen: Subset, above: float, on_progress: Progress
) -> Iterator[tuple[str, str]]:
    """Links by comparing every pair."""
    ids = []
    vectors = np.empty((chosen.images, index.space.dim), np.float32)
    hits = index.engine.scroll(chosen.filter, with_payload=False, with_dense=True)
    for row, hit in enumerate(islice(hits, chosen.images)):
        assert hit.dense is not None
        ids.append(hit.id)
        vectors[row] = hit.dense
    for i, j, _ in near_pairs(unit(vectors[: len(ids)]), above, on_progress):
        yield ids[i], ids[j]


def _walked(
    index: Index, chosen: Subset, above: float, on_progress: Progress
) -> Iterator[tuple[str, str]]:
    """Links by the engine's graph."""
    engine = index.engine
    hits = engine.scroll(chosen.filter, with_payload=False, with_dense=True)
    links = walked_pairs(engine, hits, above, on_progress, chosen.images)
    if chosen.filter is None:
        yield from links
        return
    inside = {hit.id for hit in engine.scroll(chosen.filter, with_payload=False)}
    yield from (link for link in links if link[1] in inside)


def _groups(index: Index, ids: Iterable[Sequence[str]], keep: Keep) -> Iterator[Group]:
    """Groups by the ids of their members, some at a time."""
    for some in blocks(ids):
        found = {
            hit.id: hit
            for block in blocks(chain.from_iterable(some))
            for hit in index.engine.retrieve(block, with_payload=_FIELDS, with_dense=True)
        }
        for ids_ in some:
            members = [found[id_] for id_ in ids_ if id_ in found]  # others may delete meanwhile
            if len(members) > 1:
                yield _group(members, keep)


def _group(hits: Sequence[Hit], keep: Keep) -> Group:
    """A group, as its vectors and what is known of its files say."""
    vectors = unit(np.array([hit.dense for hit in hits], np.float32))
    images = [Example(hit.id, hit.payload["path"]) for hit in hits]
    order = _RULES[keep]([hit.payload for hit in hits], vectors)
    kept = min(range(len(hits)), key=lambda row: (order[row], images[row].path))
    cosines = vectors @ vectors[kept]
    others = [Copy(images[row], float(cosines[row])) for row in range(len(hits)) if row != kept]
    others.sort(key=lambda one: (-one.cosine, one.image.path))
    return Group(images[kept], tuple(others))


def joined(links: Iterable[tuple[str, str]]) -> list[list[str]]:
    """Connected components of a graph, each in ascending order."""
    root: dict[str, str] = {}

    def find(node: str) -> str:
        root.setdefault(node, node)
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for a, b in links:
        root[max(find(a), find(b))] = min(find(a), find(b))
    groups: dict[str, list[str]] = defaultdict(list)
    for node in sorted(root):
        groups[find(node)].append(node)
    return list(groups.values())


def _by_name(payloads: Sequence[Mapping[str, Any]], _: Any) -> list[float]:
    return [0.0] * len(payloads)


def _by_size(payloads: Sequence[Mapping[str, Any]], _: Any) -> list[float]:
    return [-float(one.get("width") or 0) * float(one.get("height") or 0) for one in payloads]


def _by_age(payloads: Sequence[Mapping[str, Any]], _: Any) -> list[float]:
    try:
        return [to_path(one).stat().st_mtime for one in payloads]
    except OSError as error:
        raise UserError(
            f"the age of a file cannot be told ({error})", "use --keep first, largest or central"
        ) from error


def _by_likeness(_: Any, vectors: Matrix) -> list[float]:
    return [-float(total) for total in vectors @ vectors.sum(axis=0)]


_RULES: dict[str, Callable[[Sequence[Mapping[str, Any]], Matrix], list[float]]] = {
    "first": _by_name,
    "largest": _by_size,
    "oldest": _by_age,
    "central": _by_likeness,
}
