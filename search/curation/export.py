"""`export`: write the images of a subset as a table, or as a folder of files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from splicedex.indexer.engines.query import Hit
from splicedex.indexer.payload.columns import fields_of, text_of, value_of
from splicedex.indexer.payload.shows import shown_in
from splicedex.indexer.sources.base import BLOCK, blocks
from splicedex.indexer.sources.location import printable, to_path
from splicedex.search.browse.image import columns_of
from splicedex.search.curation.output import folders, tables
from splicedex.search.curation.subsets.checks import check_choice, check_column
from splicedex.search.curation.subsets.reading import Progress, silent
from splicedex.search.curation.subsets.subset import Subset, subset
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

Format: TypeAlias = Literal["csv", "jsonl", "parquet", "fiftyone", "links", "copies", "imagefolder"]
TABLES: dict[str, Callable[[Path, tables.Rows, tables.Label, tables.Kinds], None]] = {
    "csv": tables.write_csv,
    "jsonl": tables.write_jsonl,
    "parquet": tables.write_parquet,
    "fiftyone": tables.write_fiftyone,
}
FOLDERS = ("links", "copies", "imagefolder")
SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet", ".json": "fiftyone"}


@dataclass(frozen=True, slots=True)
class Export:
    """What was written, or would be.

    Args:
        query: The query of the subset; empty for every image.
        to: The file or folder.
        format: The format.
        images: How many images match.
        files: How many files were linked or copied; 0 for a table.
        bytes: Their size in bytes.
        missing: Images whose file does not exist; a folder leaves them out.
        done: Whether it was written.
    """

    query: str
    to: str
    format: str
    images: int
    files: int
    bytes: int
    missing: tuple[str, ...]
    done: bool


def export(
    searcher: Searcher,
    query: str,
    to: Path,
    format_: Format | None = None,
    label: str | None = None,
    *,
    dry_run: bool = True,
    overwrite: bool = False,
    on_progress: Progress = silent,
) -> Export:
    """Write the images of a subset, in the order of their ids, so that exports are repeatable.

    Args:
        searcher: A searcher of an open index.
        query: The query of the subset; empty for every image.
        to: A file for a table; for links and copies a folder that does not exist or is empty.
        format_: The format; by default from the suffix of `to` (.csv, .jsonl, .parquet, and .json
            for FiftyOne), else links.
        label: The column of classes: the folders of an imagefolder, the labels for FiftyOne.
        dry_run: Only tell which files would be linked or copied. A table is always written.
        overwrite: Replace a table that exists.
        on_progress: Called with images done and their total.

    Raises:
        UserError: The query cannot be a subset, the format or column is unknown, the target exists
            or cannot be written, or none of the images' files exists.
    """
    format_name = format_ or SUFFIXES.get(to.suffix.lower(), "links")
    check_choice("--as", format_name, (*TABLES, *FOLDERS))
    if label is not None:
        check_column(searcher.index, label)
    chosen = subset(searcher, query)
    if format_name in TABLES:
        return _export_table(searcher, chosen, to, format_name, label, overwrite, on_progress)
    return _export_folder(searcher, chosen, to, format_name, label, dry_run, on_progress)


def _export_table(
    searcher: Searcher,
    chosen: Subset,
    to: Path,
    format_name: str,
    label: str | None,
    overwrite: bool,
    on_progress: Progress,
) -> Export:
    if to.exists() and (to.is_dir() or not overwrite):
        raise UserError(f"{to} exists", "choose another name, or add --overwrite to replace a file")
    columns = searcher.index.columns
    TABLES[format_name](to, lambda: _rows(searcher, chosen, on_progress), label, columns)
    return Export(chosen.query, str(to), format_name, chosen.images, 0, 0, (), True)


def _export_folder(
    searcher: Searcher,
    chosen: Subset,
    to: Path,
    format_name: str,
    label: str | None,
    dry_run: bool,
    on_progress: Progress,
) -> Export:
    by_class = format_name == "imagefolder"
    planned = folders.plan(_files(searcher, chosen, label if by_class else None))
    if not planned.files:
        raise UserError(
            "none of the files of these images exists", "export a table instead: --to out.csv"
        )
    folders.check(to)
    if not dry_run:
        folders.write(to, planned, copy=format_name != "links", on_progress=on_progress)
        if by_class:
            names = {file.id: file.name for file in planned.files}
            tables.write_metadata(to, lambda: _rows(searcher, chosen, silent), names)
    return Export(
        query=chosen.query,
        to=str(to),
        format=format_name,
        images=chosen.images,
        files=len(planned.files),
        bytes=sum(file.bytes for file in planned.files),
        missing=tuple(planned.missing),
        done=not dry_run,
    )


def _rows(searcher: Searcher, chosen: Subset, on_progress: Progress) -> Iterator[dict[str, Any]]:
    """Everything the index holds about each image, as plain values."""
    index, done = searcher.index, 0
    hits = index.engine.scroll(chosen.filter, with_concepts=True)
    for block in blocks(hits, BLOCK):
        for hit in block:
            yield {
                "id": hit.id,
                "path": hit.payload["path"],
                "file": printable(str(to_path(hit.payload))),
                "cosine": hit.payload.get("cosine"),
                **columns_of(hit.payload),
                "shows": [
                    {"concept": name, "probability": probability}
                    for name, probability in shown_in(hit.payload).named(index.space)
                ],
                "concepts": _concepts(hit, index.space.concepts),
            }
        done += len(block)
        on_progress(done, chosen.images)


def _concepts(hit: Hit, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The concepts of an image with their weights, largest first."""
    assert hit.concepts is not None
    parts = zip(hit.concepts.indices.tolist(), hit.concepts.values.tolist(), strict=True)
    ordered = sorted(parts, key=lambda part: (-part[1], part[0]))
    return [{"concept": names[i], "weight": round(weight, 6)} for i, weight in ordered]


def _files(
    searcher: Searcher, chosen: Subset, label: str | None
) -> Iterator[tuple[str, str, Path, str | None]]:
    """Id, path in the index, file and class of each image."""
    fields = ("path", "location", *(fields_of(label) if label else ()))
    for hit in searcher.index.engine.scroll(chosen.filter, with_payload=fields):
        value = text_of(value_of(hit.payload, label)) if label else None
        yield hit.id, hit.payload["path"], to_path(hit.payload), value
