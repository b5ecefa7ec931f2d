"""What can be indexed: from what a user has in Python to the images of an index run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splicedex.api.python.named import expanded
from splicedex.api.python.tables.optional import need
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.indexer.payload.columns import ColumnKind
    from splicedex.indexer.pipeline.index_images import Images
    from splicedex.indexer.sources.finding.find_photos import Excludes
    from splicedex.indexer.sources.tables.raw_table import RawTable

ARRAYS = frozenset({".npy", ".npz"})
TABLES = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet"})
SOURCES = (
    "give a folder, paths, a table, an .npy file, an array, a data frame, PIL images, or a "
    "datasets.Dataset"
)


def images_of(
    source: Any,
    *,
    names: Sequence[str] | None,
    embeddings: Any,
    files: Any,
    root: Path | None,
    columns: Mapping[str, ColumnKind],
    excludes: Excludes,
) -> Images:
    """The images of an index run; see `splicedex.index` for what `source` can be.

    Raises:
        UserError: The source is none of these, is named twice, or lacks names.
    """
    from splicedex.indexer.pipeline.index_images import Images

    table = _table(files)
    if embeddings is not None:
        if source is not None:
            raise UserError("images are named twice, by source and embeddings", "give one of them")
        source = embeddings
    if source is None:
        return Images((), None, _named(table, names), root, columns, excludes)
    if isinstance(source, str | PathLike):
        kind = Path(fspath(source)).suffix.lower()
        file = Path(expanded(source))
        if embeddings is not None or kind in ARRAYS:
            return Images((), file, _named(table, names), root, columns, excludes)
        if kind in TABLES and file.is_file():
            return Images((), None, file, root, columns, excludes)
        return Images([str(file)], None, table, root, columns, excludes)
    if _is_dataset(source):
        return _of_dataset(source, names, columns, excludes)
    if _is_frame(source):
        return Images((), None, _named(_table(source), names), root, columns, excludes)
    if hasattr(source, "__array__") and not _is_picture(source):
        return Images((), _matrix(source), _named(table, names), root, columns, excludes)
    items = [source] if _is_picture(source) else list(source) if _is_many(source) else []
    if items and all(isinstance(one, str | PathLike) for one in items):
        paths = [expanded(one) for one in items]
        return Images(paths, None, table, root, columns, excludes)
    if items and all(_is_picture(one) for one in items):
        return _of_pictures(items, names, table, columns, excludes)
    if _is_many(source) and not items:
        raise UserError("there is nothing in the list", SOURCES)
    raise UserError(f"{type(source).__name__} cannot be indexed", SOURCES)


def _of_pictures(
    images: Sequence[Any],
    names: Sequence[str] | None,
    table: Path | RawTable | None,
    columns: Mapping[str, ColumnKind],
    excludes: Excludes,
) -> Images:
    from splicedex.indexer.pipeline.index_images import Images
    from splicedex.indexer.sources.pil_pictures import PilPictures, file_of

    pictures = PilPictures(images)
    found = [file_of(image) for image in images]
    known = [str(file) for file in found if file is not None]
    if names is None and table is None and len(set(known)) == len(images):
        names = known
    if names is None and table is None:
        names = [f"image-{number:06}" for number in range(len(images))]
    return Images((), None, _named(table, names), None, columns, excludes, pictures)


def _of_dataset(
    dataset: Any,
    names: Sequence[str] | None,
    columns: Mapping[str, ColumnKind],
    excludes: Excludes,
) -> Images:
    """A data set: its column of images, and its other columns."""
    from splicedex.indexer.pipeline.index_images import Images
    from splicedex.indexer.sources.dataset_pictures import DatasetPictures, image_column
    from splicedex.indexer.sources.tables.parquet_table import read_arrow
    from splicedex.indexer.sources.tables.raw_table import RawTable

    column = image_column(dataset)
    others = dataset.remove_columns([column])
    raw = read_arrow(others.with_format("arrow")[:], "the data set")
    cells = {name: _classes(dataset, name, values) for name, values in raw.columns.items()}
    named = [name for name in ("file", "path") if name in cells]
    if names is not None or not named:
        if names is None:
            names = [f"row-{number:06}" for number in range(len(dataset))]
        cells = {"file": list(names), **{name: cells[name] for name in cells if name != "file"}}
    table = RawTable("the data set", cells, raw.notation)
    pictures = DatasetPictures(dataset, column)
    return Images((), None, table, None, columns, excludes, pictures)


def _classes(dataset: Any, name: str, values: Sequence[Any]) -> Sequence[Any]:
    """The values of a column; numbers of classes become their names."""
    said = getattr(dataset.features[name], "int2str", None)
    if said is None:
        return values
    return [said(value) if isinstance(value, int) and value >= 0 else None for value in values]


def _table(files: Any) -> Path | RawTable | None:
    """A table: a file, or a data frame in memory."""
    from splicedex.indexer.sources.tables.parquet_table import read_arrow

    if files is None:
        return None
    if isinstance(files, str | PathLike):
        return Path(expanded(files))
    if not _is_frame(files):
        raise UserError(
            f"{type(files).__name__} is no table", "give a file or a data frame with names of files"
        )
    arrow = need("pyarrow", "a data frame")
    what = "the data frame"
    try:
        if hasattr(files, "iloc"):  # pandas: its index is no column
            return read_arrow(arrow.Table.from_pandas(files, preserve_index=False), what)
        return read_arrow(arrow.table(files), what)
    except (arrow.ArrowException, TypeError) as error:
        cause = " ".join(str(error).split())
        raise UserError(
            f"{what} has a column of several types ({cause})", "convert it, or leave it out"
        ) from error


def _named(table: Path | RawTable | None, names: Sequence[str] | None) -> Path | RawTable | None:
    """The table that names images: as it is, or made of names."""
    from splicedex.indexer.sources.tables.cells import Notation
    from splicedex.indexer.sources.tables.raw_table import RawTable

    if names is None:
        return table
    listed = [str(name) for name in names]
    if table is None:
        return RawTable("names", {"file": listed}, Notation())
    if isinstance(table, Path):
        raise UserError("images are named twice, by names and files", "give one of them")
    rows = {len(cells) for cells in table.columns.values()}
    if rows and rows != {len(listed)}:
        raise UserError(f"{len(listed)} names for {max(rows)} rows", "give one name for each row")
    columns = {"file": listed, **{n: c for n, c in table.columns.items() if n != "file"}}
    return RawTable(table.source, columns, table.notation)


def _matrix(array: Any) -> Any:
    """An array of embeddings as NumPy has it.

    Raises:
        UserError: It has another shape, or no floating-point numbers.
    """
    import numpy as np

    found = np.asarray(array)
    if found.ndim != 2 or not np.issubdtype(found.dtype, np.floating):
        raise UserError(
            f"an array of shape {found.shape} and type {found.dtype} is no embeddings",
            "give floating-point numbers (n, d): one row for each image",
        )
    return found


def _is_many(source: Any) -> bool:
    return isinstance(source, Sequence) and not isinstance(source, str | bytes)


def _is_picture(value: Any) -> bool:
    return any(
        one.__module__ == "PIL.Image" and one.__name__ == "Image" for one in type(value).__mro__
    )


def _is_frame(value: Any) -> bool:
    """Whether a value is a data frame: of pandas, polars or Arrow."""
    return (
        hasattr(value, "columns") and hasattr(value, "shape") and not hasattr(value, "ndim")
    ) or (hasattr(value, "iloc") or hasattr(value, "__arrow_c_stream__"))


def _is_dataset(value: Any) -> bool:
    return hasattr(value, "features") and hasattr(value, "remove_columns")
