"""Tables of images, in formats that other programs read.

A table is written to a temporary file in the same folder, and renamed when it is complete.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from splicedex.indexer.payload.columns import ColumnKind, text_of
from splicedex.indexer.sources.tables.parquet_table import KIND
from splicedex.splice.errors import UserError

Rows: TypeAlias = Callable[[], Iterator[dict[str, Any]]]
"""Gives all rows, each time it is called."""
Label: TypeAlias = str | None
"""The column of classes, for formats that have classes."""
Kinds: TypeAlias = Mapping[str, ColumnKind]
"""What each column of the user holds."""
NO_KINDS: Kinds = {}
NUMBERS = {"shows": "probability", "concepts": "weight"}
"""The columns that list concepts, and what each concept has there."""


def write_csv(to: Path, rows: Rows, label: Label = None, kinds: Kinds = NO_KINDS) -> None:
    """Write CSV, one line an image; what an image shows as `dog:0.93; beach:0.41`, lists as JSON.

    Where some image has a list, each image has one in that column, as in Parquet.

    Args:
        to: The file to write.
        rows: The rows.
        label: Not used.
        kinds: Not used.

    Raises:
        UserError: The file cannot be written.
    """
    names: dict[str, bool] = {}  # with whether the column holds lists
    for row in rows():
        for name, value in row.items():
            names[name] = names.get(name, False) or isinstance(value, list)
    with _complete(to) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        # A cell is quoted if it holds a character of the line's end, and \r ends a line, too.
        writer = csv.DictWriter(_UnixLines(file), names, restval="", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(
            {name: _cell(name, value, as_list=names[name]) for name, value in row.items()}
            for row in rows()
        )


def write_jsonl(to: Path, rows: Rows, label: Label = None, kinds: Kinds = NO_KINDS) -> None:
    """Write JSON Lines, one object an image.

    Args:
        to: The file to write.
        rows: The rows.
        label: Not used.
        kinds: Not used.

    Raises:
        UserError: The file cannot be written.
    """
    with _complete(to) as partial, partial.open("w", encoding="utf-8") as file:
        for row in rows():
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_parquet(to: Path, rows: Rows, label: Label = None, kinds: Kinds = NO_KINDS) -> None:
    """Write Parquet with typed columns; concepts as a list of structs. All rows are in memory.

    Args:
        to: The file to write.
        rows: The rows.
        label: Not used.
        kinds: What the columns hold.

    Raises:
        UserError: pyarrow is missing, or the file cannot be written.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UserError(
            "writing Parquet needs pyarrow", "run `pip install 'splicedex[parquet]'`"
        ) from error
    from splicedex.search.curation.output.arrow import arrow_column

    every = list(rows())
    names = dict.fromkeys(name for row in every for name in row)
    columns = [arrow_column([row.get(name) for row in every], kinds.get(name)) for name in names]
    fields = [
        pyarrow.field(name, column.type, metadata={KIND: kinds[name]} if name in kinds else None)
        for name, column in zip(names, columns, strict=True)
    ]
    with _complete(to) as partial:
        parquet.write_table(pyarrow.table(columns, pyarrow.schema(fields)), partial)


def write_fiftyone(to: Path, rows: Rows, label: Label = None, kinds: Kinds = NO_KINDS) -> None:
    """Write labels for FiftyOne: a `FiftyOneImageClassificationDataset` reads them (`labels_path`).

    Images are identified by their absolute paths.

    Args:
        to: The file to write.
        rows: The rows.
        label: The column whose value is the label, with the concepts as an attribute. Without one,
            every concept is a label, with its weight as the confidence.
        kinds: Not used.

    Raises:
        UserError: The file cannot be written.
    """
    labels: dict[str, Any] = {}
    for row in rows():
        concepts = row["concepts"]
        if label is None:
            target: Any = [
                {"label": one["concept"], "confidence": one["weight"], "attributes": {}}
                for one in concepts
            ]
        else:
            weights = {one["concept"]: one["weight"] for one in concepts}
            target = {
                "label": text_of(row.get(label)),
                "attributes": {"id": row["id"], "concepts": weights},
            }
        labels[str(Path(row["file"]).absolute())] = target
    with _complete(to) as partial:
        partial.write_text(json.dumps({"labels": labels}, ensure_ascii=False) + "\n", "utf-8")


def write_metadata(folder: Path, rows: Rows, names: Mapping[str, str]) -> None:
    """Write `metadata.jsonl` of a Hugging Face imagefolder.

    Args:
        folder: The imagefolder.
        rows: The rows of its images; rows of other images are left out.
        names: File names in the folder, by id.

    Raises:
        UserError: It cannot be written.
    """

    def rows_with_file() -> Iterator[dict[str, Any]]:
        for row in rows():
            if row["id"] in names:
                fields = {name: value for name, value in row.items() if name != "file"}
                yield {"file_name": names[row["id"]], **fields}

    write_jsonl(folder / "metadata.jsonl", rows_with_file)


def _cell(name: str, value: Any, *, as_list: bool) -> Any:
    if name in NUMBERS:
        return "; ".join(f"{one['concept']}:{one[NUMBERS[name]]:g}" for one in value)
    if as_list and value is not None and not isinstance(value, list):
        value = [value]
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return text_of(value) if isinstance(value, bool) else value


class _UnixLines:
    """Ends the lines of a CSV writer in a file with a line feed alone.

    Args:
        file: The file.
    """

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, line: str) -> int:
        """Write a line."""
        return self._file.write(line.removesuffix("\r\n") + "\n")


@contextmanager
def _complete(to: Path) -> Iterator[Path]:
    """Give a temporary file to write, and rename it to the target if all goes well."""
    partial = to.with_name(f".{to.name}.partial")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(to)
    except OSError as error:
        raise UserError(f"{to} cannot be written ({error})", "choose another file") from error
    finally:
        partial.unlink(missing_ok=True)
