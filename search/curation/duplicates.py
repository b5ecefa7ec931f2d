"""Duplicates: groups of images that look the same to the model, and which of each to keep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from indexer.location import to_path
from search.curation.neighbours import near_pairs
from search.curation.reading import Progress, silent
from search.curation.subset import Example, subset
from search.searcher import Searcher
from splice.align import unit
from splice.errors import UserError

Keep: TypeAlias = Literal["first", "largest", "oldest", "central"]
ABOVE = 0.95
"""Cosine from which two images count as one."""
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
        superfluous: Images beyond the first of their group.
        groups: Largest first.
    """

    query: str
    images: int
    superfluous: int
    groups: tuple[Group, ...]


def duplicates(
    searcher: Searcher,
    query: str = "",
    above: float = ABOVE,
    keep: Keep = "largest",
    on_progress: Progress = silent,
) -> Duplicates:
    """Group the images of a subset by the cosine of their dense vectors.

    Images belong together if a chain of near ones joins them. Every pair is looked at, so the time
    grows with the square of the subset; the vectors are held in memory.

    Args:
        searcher: Of an open index.
        query: The subset; empty for every image.
        above: Least cosine of a link, above 0 and at most 1.
        keep: Of each group: the "first" by name, the "largest" in pixels, the "oldest" file, or the
            most "central", the one most like all others.
        on_progress: Called with images done and their total.

    Raises:
        UserError: The query cannot be a subset, an unknown rule, or one that needs files which are
            not there.
    """
    if keep not in _RULES:
        raise UserError(f"--keep {keep} is unknown", f"use {', '.join(_RULES)}")
    if not 0 < above <= 1:
        raise UserError(f"a cosine above {above:g} groups nothing of use", "try 0.95")
    chosen = subset(searcher, query)
    hits = list(searcher.index.engine.scroll(chosen.filter, with_payload=_FIELDS, with_dense=True))
    vectors = unit(np.array([hit.dense for hit in hits], np.float32))
    images = [Example(hit.id, hit.payload["path"]) for hit in hits]
    payloads = [hit.payload for hit in hits]
    links = [(i, j) for i, j, _ in near_pairs(vectors, above, on_progress)]
    made = []
    for members in joined(links):
        cosines = vectors[members] @ vectors[members].T
        order = _RULES[keep]([payloads[i] for i in members], cosines)
        kept = min(range(len(members)), key=lambda row: (order[row], images[members[row]].path))
        others = [
            Copy(images[i], float(cosines[kept, row]))
            for row, i in enumerate(members)
            if row != kept
        ]
        others.sort(key=lambda one: (-one.cosine, one.image.path))
        made.append(Group(images[members[kept]], tuple(others)))
    made.sort(key=lambda group: (-len(group.others), group.keep.path))
    return Duplicates(query, chosen.images, sum(len(group.others) for group in made), tuple(made))


def joined(links: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Connected components of a graph, each in ascending order."""
    root: dict[int, int] = {}

    def find(node: int) -> int:
        root.setdefault(node, node)
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for a, b in links:
        root[max(find(a), find(b))] = min(find(a), find(b))
    groups: dict[int, list[int]] = defaultdict(list)
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


def _by_likeness(_: Any, cosines: Any) -> list[float]:
    return [-float(total) for total in cosines.sum(axis=1)]


_RULES: dict[str, Callable[[Sequence[Mapping[str, Any]], Any], list[float]]] = {
    "first": _by_name,
    "largest": _by_size,
    "oldest": _by_age,
    "central": _by_likeness,
}
