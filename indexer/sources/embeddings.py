"""The source of precomputed embeddings: arrays, and a table that names their rows."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from splicedex.indexer.payload.columns import ColumnKind
from splicedex.indexer.sources.base import BLOCK, Block, Item, blocks, signature
from splicedex.indexer.sources.location import file_of, to_text
from splicedex.indexer.sources.tables.raw_table import RawTable
from splicedex.indexer.sources.tables.table import (
    ColumnFinding,
    Kinds,
    Table,
    read_shards,
    table_of,
)
from splicedex.splice.align import Matrix
from splicedex.splice.dictionary.space import check_vectors, load_matrix
from splicedex.splice.errors import UserError


class ArraySource:
    """Precomputed embeddings: row i of the arrays is image i of the table.

    The arrays stay memory-mapped, so memory does not grow with their size.

    Args:
        arrays: Arrays (n_k, d), in the order of the table.
        table: Names and columns of n = Σ n_k images.
        dim: Dimension d of the model.
        root: Folder that the table's names are relative to; None if the photos are not there.

    Raises:
        UserError: Counts or dimensions do not match, or a row is NaN, infinite or zero.
    """

    precomputed = True

    def __init__(
        self, arrays: Sequence[Matrix], table: Table, *, dim: int, root: Path | None = None
    ) -> None:
        for array in arrays:
            if array.ndim != 2 or array.shape[1] != dim:
                raise UserError(
                    f"the embeddings have shape {array.shape}, the model has {dim} dimensions",
                    "give embeddings made by the same model",
                )
        self._starts = list(accumulate(map(len, arrays), initial=0))
        if self._starts[-1] != len(table):
            raise UserError(
                f"{self._starts[-1]} embeddings but {len(table)} images in {table.source}",
                "give one row of embeddings for each image, in the same order",
            )
        for start, array in zip(self._starts, arrays, strict=False):
            for row in range(0, len(array), 16 * BLOCK):
                rows = array[row : row + 16 * BLOCK]
                check_vectors(rows, "embeddings", start=start + row)
        self._arrays = [np.asarray(array) for array in arrays]  # rows of a memmap are slow
        self._table = table
        self._root = root

    @property
    def kinds(self) -> Mapping[str, ColumnKind]:
        """The user's columns to index for filtering, with the kind of each."""
        return self._table.kinds()

    def findings(self) -> Sequence[ColumnFinding]:
        """What the table's columns were taken for."""
        return self._table.findings()

    def __len__(self) -> int:
        return len(self._table)

    @property
    def names(self) -> Sequence[str]:
        """The names in the table."""
        return self._table.paths

    def items(self, numbers: Iterable[int] | None = None) -> Iterator[Item]:
        """List rows; by default all. The signature covers the embedding and the columns."""
        for number in range(len(self)) if numbers is None else numbers:
            columns = self._table.row(number)
            content = np.ascontiguousarray(self._row(number)).tobytes()
            yield Item(self._table.paths[number], number, signature(content, columns), columns)

    def embed(self, items: Iterable[Item]) -> Iterator[Block]:
        """Read the rows of items."""
        for block in blocks(items):
            rows = [self._row(item.number) for item in block]
            facts = [self._facts(item, row) for item, row in zip(block, rows, strict=True)]
            yield Block(block, np.stack(rows).astype(np.float32), facts)

    def content_hashes(self, items: Sequence[Item]) -> list[str | None]:
        """Hash the rows of items."""
        return [_hash(self._row(item.number)) for item in items]

    def facts(self, item: Item, known: Mapping[str, Any]) -> dict[str, Any]:
        """The facts of a row; nothing of what is known is needed."""
        return self._facts(item, self._row(item.number))

    def covers(self, path: str) -> bool:
        """Always true: the table lists all images, so no others exist."""
        return True

    def _row(self, number: int) -> Matrix:
        part = bisect_right(self._starts, number) - 1
        row: Matrix = self._arrays[part][number - self._starts[part]]
        return row

    def _facts(self, item: Item, row: Matrix) -> dict[str, Any]:
        facts: dict[str, Any] = {"content_hash": _hash(row)}
        if self._root is not None:
            photo = file_of(item.path, self._root.absolute())
            with suppress(OSError):  # the name is not a valid file name
                if photo.is_file():
                    facts |= {"location": to_text(photo), "bytes": photo.stat().st_size}
        return facts


def _hash(row: Matrix) -> str:
    return hashlib.sha256(row.tobytes()).hexdigest()


def array_source(
    embeddings: Path | Matrix,
    *,
    files: Path | RawTable | None,
    root: Path | None,
    dim: int,
    kinds: Kinds | None = None,
) -> ArraySource:
    """Open precomputed embeddings.

    Args:
        embeddings: One .npy file (n, d) or .npz file with such an array, or a folder in
            clip-retrieval's layout: `img_emb/img_emb_0.npy` and so on, with
            `metadata/metadata_0.parquet` and so on; or an array (n, d) in memory.
        files: Table whose row i names row i of the embeddings; required for a file.
        root: Folder that the names are relative to.
        dim: Dimension d of the model.
        kinds: What the columns of the table have to be.

    Raises:
        UserError: A file is missing or unreadable, or counts or dimensions do not match.
    """
    if root is not None and not root.is_dir():
        raise UserError(f"root {root} is not a folder", "give the folder that holds the photos")
    if not isinstance(embeddings, Path):
        if files is None:
            raise UserError("an array does not name its images", "add their names")
        return ArraySource([embeddings], table_of(files, kinds), dim=dim, root=root)
    if embeddings.is_dir():
        arrays = _shards(embeddings / "img_emb", "img_emb_*.npy")
        if files is None:
            table = read_shards(_shards(embeddings / "metadata", "metadata_*.parquet"), kinds)
        else:
            table = table_of(files, kinds)
    elif files is None:
        raise UserError(f"{embeddings} does not name its images", "add --files TABLE")
    else:
        arrays, table = [embeddings], table_of(files, kinds)
    mapped = [load_matrix(path, mmap=True) for path in arrays]
    return ArraySource(mapped, table, dim=dim, root=root)


def _shards(folder: Path, pattern: str) -> list[Path]:
    """Numbered files in numeric order: 10 comes after 9."""
    found = sorted(folder.glob(pattern), key=lambda path: (len(path.name), path.name))
    if not found:
        raise UserError(
            f"{folder} holds no {pattern}", "give an .npy file or clip-retrieval's output folder"
        )
    return found
