"""Tables: rows of what is known of images, in formats that others read.

A table is written beside its place and moved there when it is whole.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from splicedex.splice.errors import UserError

Rows: TypeAlias = Callable[[], Iterator[dict[str, Any]]]
"""Rows from the first, each time it is called."""
Label: TypeAlias = str | None


def write_csv(to: Path, rows: Rows, label: Label = None) -> None:
    """One line an image; concepts as `dog:0.21; beach:0.1`, lists as JSON.

    Raises:
        UserError: The file cannot be written.
    """
    names = list(dict.fromkeys(name for row in rows() for name in row))
    with _whole(to) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {name: _cell(name, value) for name, value in row.items()} for row in rows()
        )


def write_jsonl(to: Path, rows: Rows, label: Label = None) -> None:
    """One JSON object a line.

    Raises:
        UserError: The file cannot be written.
    """
    with _whole(to) as partial, partial.open("w", encoding="utf-8") as file:
        for row in rows():
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_parquet(to: Path, rows: Rows, label: Label = None) -> None:
    """A table of typed columns; concepts as a list of structs. Held in memory.

    Raises:
        UserError: pyarrow is missing, a column mixes types, or the file cannot be written.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UserError(
            "writing Parquet needs pyarrow", "run `pip install 'splicedex[parquet]'`"
        ) from error
    every = list(rows())
    names = dict.fromkeys(name for row in every for name in row)
    try:
        table = pyarrow.table({name: [row.get(name) for row in every] for name in names})
    except pyarrow.ArrowException as error:
        raise UserError(f"a column mixes types ({error})", "export as .jsonl") from error
    with _whole(to) as partial:
        parquet.write_table(table, partial)


def write_fiftyone(to: Path, rows: Rows, label: Label = None) -> None:
    """Labels that FiftyOne imports as a `FiftyOneImageClassificationDataset` by `labels_path`.

    Images are told by their absolute paths. The label is the column's value, with the concepts as
    an attribute; without a column, every concept is a label with its weight as the confidence.

    Raises:
        UserError: The file cannot be written.
    """
    labels: dict[str, Any] = {}
    for row in rows():
        weighed = row["concepts"]
        if label is None:
            target: Any = [
                {"label": one["concept"], "confidence": one["weight"], "attributes": {}}
                for one in weighed
            ]
        else:
            attributes = {one["concept"]: one["weight"] for one in weighed}
            told = {"id": row["id"], "concepts": attributes}
            target = {"label": str(row.get(label, "")), "attributes": told}
        labels[str(Path(row["file"]).absolute())] = target
    with _whole(to) as partial:
        partial.write_text(json.dumps({"labels": labels}, ensure_ascii=False) + "\n", "utf-8")


def write_metadata(folder: Path, rows: Rows, names: Mapping[str, str]) -> None:
    """`metadata.jsonl` of a Hugging Face imagefolder, for the images that have a file there.

    Args:
        folder: The imagefolder.
        rows: Of its images and maybe others.
        names: File names within the folder, by id.

    Raises:
        UserError: It cannot be written.
    """

    def kept() -> Iterator[dict[str, Any]]:
        for row in rows():
            if row["id"] in names:
                facts = {name: value for name, value in row.items() if name != "file"}
                yield {"file_name": names[row["id"]], **facts}

    write_jsonl(folder / "metadata.jsonl", kept)


def _cell(name: str, value: Any) -> Any:
    if name == "concepts":
        return "; ".join(f"{one['concept']}:{one['weight']:g}" for one in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


@contextmanager
def _whole(to: Path) -> Iterator[Path]:
    """Write beside a file, and put it in place once it is whole."""
    partial = to.with_name(f".{to.name}.partial")
    try:
        to.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(to)
    except OSError as error:
        raise UserError(f"{to} cannot be written ({error})", "choose another place") from error
    finally:
        partial.unlink(missing_ok=True)
