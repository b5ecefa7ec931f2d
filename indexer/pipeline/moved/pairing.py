"""Pairs old names with new names of photos that hold the same bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import PurePosixPath
from typing import TypeAlias

Parts: TypeAlias = tuple[str, ...]


def pair(gone: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Pair names that are most alike, as many as there are in the shorter list.

    The same file name counts most, then the number of folders in common before it. Of files with
    other names, those are most alike that have most folders in common before the file name. The
    result does not depend on the order of the names.

    Args:
        gone: Old names, distinct.
        new: New names, distinct.

    Returns:
        Pairs of positions in `gone` and `new`, each position at most once; the most alike first.
    """
    if len(gone) == len(new) == 1:
        return [(0, 0)]
    old_parts, new_parts = _parts(gone), _parts(new)
    left = sorted(range(len(gone)), key=gone.__getitem__)
    right = sorted(range(len(new)), key=new.__getitem__)
    pairs: list[tuple[int, int]] = []
    depth = max(map(len, chain(old_parts, new_parts)), default=0)
    for key in _keys(depth):
        if not left or not right:
            break
        waiting: dict[Parts, list[int]] = defaultdict(list)
        for number in reversed(left):
            if (tail := key(old_parts[number])) is not None:
                waiting[tail].append(number)
        found = [
            (waiting[tail].pop(), number)
            for number in right
            if (tail := key(new_parts[number])) is not None and waiting.get(tail)
        ]
        pairs += found
        old, other = {one for one, _ in found}, {one for _, one in found}
        left = [number for number in left if number not in old]
        right = [number for number in right if number not in other]
    return pairs


def _parts(names: Sequence[str]) -> list[Parts]:
    return [PurePosixPath(name).parts for name in names]


def _keys(depth: int) -> Iterator[Callable[[Parts], Parts | None]]:
    """What two names may have in common, from most to least: ends of paths, ends of folders."""
    for count in range(depth, 0, -1):
        yield partial(_end, count=count)
    for count in range(depth - 1, -1, -1):
        yield partial(_end_of_folder, count=count)


def _end(parts: Parts, count: int) -> Parts | None:
    return parts[-count:] if len(parts) >= count else None


def _end_of_folder(parts: Parts, count: int) -> Parts | None:
    return parts[-1 - count : -1] if len(parts) > count or not count else None
