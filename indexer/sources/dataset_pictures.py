"""The images of a `datasets.Dataset` as pictures: the bytes that it holds, or its files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from splicedex.splice.errors import UserError


class DatasetPictures:
    """The images of a data set, which are not decoded by it.

    Args:
        dataset: A `datasets.Dataset`.
        column: Its column of images.
    """

    def __init__(self, dataset: Any, column: str) -> None:
        import datasets

        self._rows = dataset.select_columns([column]).cast_column(
            column, datasets.Image(decode=False)
        )
        self._column = column

    def __len__(self) -> int:
        return len(self._rows)

    def content(self, number: int) -> bytes:
        """The bytes of the image's file."""
        row = self._row(number)
        if row.get("bytes") is not None:
            content: bytes = row["bytes"]
            return content
        return Path(row["path"]).read_bytes()

    def state(self, number: int) -> bytes:
        """A hash of the bytes, or what the file system says of the file."""
        row = self._row(number)
        if row.get("bytes") is not None:
            return hashlib.blake2b(row["bytes"], digest_size=16).digest()
        status = Path(row["path"]).stat()
        return f"{row['path']} {status.st_size} {status.st_mtime_ns}".encode()

    def file(self, number: int) -> Path | None:
        """The file of the image, if it is there."""
        name = self._row(number).get("path")
        file = Path(name) if name else None
        return file if file is not None and file.is_absolute() and file.is_file() else None

    def _row(self, number: int) -> dict[str, Any]:
        row = self._rows[number][self._column]
        if not row:
            raise ValueError("there is no image in this row")
        found: dict[str, Any] = row
        return found


def image_column(dataset: Any) -> str:
    """The column of a data set that holds its images.

    Args:
        dataset: A `datasets.Dataset`.

    Raises:
        UserError: There is none, or there are several.
    """
    import datasets

    found = [n for n, kind in dataset.features.items() if isinstance(kind, datasets.Image)]
    if len(found) != 1:
        raise UserError(
            f"the data set has {len(found)} columns of images among {', '.join(dataset.features)}",
            "leave one: dataset.select_columns, or dataset.cast_column(NAME, datasets.Image())",
        )
    return str(found[0])
