"""A file of rows of numbers that only grows, mapped into memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Column:
    """A file with one row of numbers for each of n images.

    The file does not know how many of its rows count: what was written after those is overwritten.

    Args:
        path: The file; made if missing.
        dtype: Type of the numbers.
        width: Numbers in a row.
    """

    def __init__(self, path: Path, dtype: type[np.generic], width: int) -> None:
        self._path = path
        self._dtype = np.dtype(dtype)
        self._width = width
        path.touch()

    def append(self, start: int, rows: Array) -> None:
        """Write rows (m, width) behind the first `start` rows."""
        with self._path.open("r+b") as file:
            file.seek(start * self._width * self._dtype.itemsize)
            file.write(np.ascontiguousarray(rows, self._dtype).data)

    def sync(self) -> None:
        """Wait until everything written is on disk."""
        sync(self._path)

    def read(self, count: int) -> Array:
        """The first `count` rows (count, width), mapped and read-only.

        Raises:
            ValueError: The file is shorter.
        """
        shape = (count, self._width)
        if not count:
            return np.zeros(shape, self._dtype)
        # As a plain array, which takes less time to index.
        return np.memmap(self._path, self._dtype, "r", shape=shape).view(np.ndarray)


def sync(path: Path) -> None:
    """Wait until a file is on disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
