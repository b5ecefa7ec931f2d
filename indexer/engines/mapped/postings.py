"""Posting lists: for each value of a payload field, the images that list it.

Zobel and Moffat 2006, "Inverted files for text search engines".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Rows = NDArray[np.uint32]

ENTRIES = 4_000_000
"""Entries that are merged at a time, which bounds the memory that this takes."""


@dataclass(frozen=True, eq=False)
class Postings:
    """The posting lists of a field for some images.

    Args:
        values: The k values, ascending.
        starts: Where the list of each value starts in `rows` (k + 1).
        rows: The lists one after the other; each holds row numbers in ascending order.
    """

    values: Integers
    starts: Integers
    rows: Rows

    @classmethod
    def of(cls, listed: Integers, rows: Rows) -> Postings:
        """Invert lists.

        Args:
            listed: The values that images list, one image after the other (m,).
            rows: The row of the image that lists each (m,), ascending.
        """
        order = np.argsort(listed, kind="stable")
        values, starts = np.unique(listed[order], return_index=True)
        return cls(values, np.append(starts, len(listed)), rows[order])

    def of_value(self, value: int) -> Rows:
        """The rows of images that list a value, ascending."""
        at = int(np.searchsorted(self.values, value))
        if at == len(self.values) or self.values[at] != value:
            return self.rows[:0]
        return self.rows[self.starts[at] : self.starts[at + 1]]

    def write(self, path: Path) -> None:
        """Write to a file."""
        _write(path, self.values, self.starts, iter([self.rows]))

    @classmethod
    def read(cls, path: Path) -> Postings:
        """Map a file that was written.

        Raises:
            ValueError: The file is too short or too long.
            OSError: It cannot be read.
        """
        data = np.memmap(path, np.uint8, "r").view(np.ndarray)
        count, entries = data[:16].view(np.int64).tolist()
        ends = np.cumsum([16, 8 * count, 8 * (count + 1), 4 * entries]).tolist()
        if len(data) != ends[-1]:
            raise ValueError(f"{path} has {len(data):,} bytes instead of {ends[-1]:,}")
        values, starts, rows = (
            data[start:end].view(dtype)
            for start, end, dtype in zip(
                ends, ends[1:], (np.int64, np.int64, np.uint32), strict=False
            )
        )
        return cls(values, starts, rows)


def merge(parts: Sequence[Postings], path: Path) -> None:
    """Write the lists of several groups of images as those of one group.

    Args:
        parts: The lists of each group. The rows of a group follow those of the groups before it.
        path: File to write.
    """
    values = np.unique(np.concatenate([part.values for part in parts]))
    sizes = np.zeros(len(values), np.int64)
    for part in parts:
        sizes[np.searchsorted(values, part.values)] += np.diff(part.starts)
    starts = np.append(0, np.cumsum(sizes))
    _write(path, values, starts, _merged(parts, values, starts))


def _merged(parts: Sequence[Postings], values: Integers, starts: Integers) -> Iterator[Rows]:
    """The merged lists, some values at a time."""
    first = 0
    while first < len(values):
        end = int(np.searchsorted(starts, starts[first] + ENTRIES, "right"))
        end = min(max(end - 1, first + 1), len(values))
        free = starts[first:end] - starts[first]
        rows = np.empty(starts[end] - starts[first], np.uint32)
        for part in parts:
            low, high = np.searchsorted(part.values, [values[first], values[end - 1] + 1])
            sizes = np.diff(part.starts[low : high + 1])
            at = np.searchsorted(values[first:end], part.values[low:high])
            entries = part.rows[part.starts[low] : part.starts[high]]
            moved = np.repeat(free[at] - (np.cumsum(sizes) - sizes), sizes)
            rows[moved + np.arange(len(entries))] = entries
            free[at] += sizes
        yield rows
        first = end


def _write(path: Path, values: Integers, starts: Integers, rows: Iterator[Rows]) -> None:
    header = np.array([len(values), starts[-1]], np.int64)
    with path.open("wb") as file:
        for part in (header, values, starts):
            file.write(np.ascontiguousarray(part, np.int64).data)
        for some in rows:
            file.write(np.ascontiguousarray(some, np.uint32).data)
