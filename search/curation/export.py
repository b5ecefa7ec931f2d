"""Export: the images of a subset as a table, or as a folder of files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from splicedex.indexer.engines.query import Hit
from splicedex.indexer.sources.location import to_path
from splicedex.search.browse.image import columns_of
from splicedex.search.curation.output import folders, tables
from splicedex.search.curation.subsets.reading import Progress, check_column, silent
from splicedex.search.curation.subsets.subset import Subset, subset
from splicedex.search.searcher import Searcher
from splicedex.splice.errors import UserError

Format: TypeAlias = Literal["csv", "jsonl", "parquet", "fiftyone", "links", "copies", "imagefolder"]
TABLES: dict[str, Callable[[Path, tables.Rows, tables.Label], None]] = {
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
        query: The subset; empty for every image.
        to: File or folder.
        format: How.
        images: How many match.
        files: Files linked or copied; 0 for a table.
        bytes: Their size.
        missing: Images whose file is not there, which are left out of a folder.
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
    """Write the images of a subset, in the order of their ids, so that the same gives the same.

    Args:
        searcher: Of an open index.
        query: The subset; empty for every image.
        to: A file for a table, a folder that does not exist or is empty for links and copies.
        format_: By default what the suffix says (csv, jsonl, parquet; json for FiftyOne), or links.
        label: Column that names the class: folders of an imagefolder, labels for FiftyOne.
        dry_run: Only say what would be linked or copied; a table, which is no more than asked for,
            is written all the same.
        overwrite: Replace a table that exists.
        on_progress: Called with images done and their total.

    Raises:
        UserError: The query cannot be a subset, an unknown format or column, the target exists or
            cannot be written, or none of the images' files is there.
    """
    named = format_ or SUFFIXES.get(to.suffix.lower(), "links")
    if named not in (*TABLES, *FOLDERS):
        raise UserError(f"--as {named} is unknown", f"use {', '.join((*TABLES, *FOLDERS))}")
    if label is not None:
        check_column(searcher.index, label)
    chosen = subset(searcher, query)
    if named in TABLES:
        if to.exists() and (to.is_dir() or not overwrite):
            raise UserError(f"{to} exists", "choose another, or add --overwrite to replace a file")

        def rows() -> Iterator[dict[str, Any]]:
            return _rows(searcher, chosen, on_progress)

        TABLES[named](to, rows, label)
        return Export(query, str(to), named, chosen.images, 0, 0, (), True)
    plan = folders.plan(_files(searcher, chosen, label if named == "imagefolder" else None))
    if not plan.files:
        raise UserError("no file of these images is there", "export a table, as out.csv")
    folders.check(to)
    if not dry_run:
        folders.write(to, plan, copy=named != "links", on_progress=on_progress)
        if named == "imagefolder":
            names = {file.id: file.name for file in plan.files}
            tables.write_metadata(to, lambda: _rows(searcher, chosen, silent), names)
    missing = tuple(plan.missing)
    size = sum(file.bytes for file in plan.files)
    return Export(query, str(to), named, chosen.images, len(plan.files), size, missing, not dry_run)


def _rows(searcher: Searcher, chosen: Subset, on_progress: Progress) -> Iterator[dict[str, Any]]:
    """What is known of each image, as plain values."""
    names = searcher.index.space.concepts
    hits = searcher.index.engine.scroll(chosen.filter, with_concepts=True)
    for done, hit in enumerate(hits, 1):
        yield {
            "id": hit.id,
            "path": hit.payload["path"],
            "file": str(to_path(hit.payload)),
            "cosine": hit.payload.get("cosine"),
            **columns_of(hit.payload),
            "concepts": _concepts(hit, names),
        }
        if done % 1024 == 0 or done == chosen.images:
            on_progress(done, chosen.images)


def _concepts(hit: Hit, names: tuple[str, ...]) -> list[dict[str, Any]]:
    assert hit.concepts is not None
    parts = zip(hit.concepts.indices.tolist(), hit.concepts.values.tolist(), strict=True)
    ordered = sorted(parts, key=lambda part: (-part[1], part[0]))
    return [{"concept": names[i], "weight": round(weight, 6)} for i, weight in ordered]


def _files(
    searcher: Searcher, chosen: Subset, label: str | None
) -> Iterator[tuple[str, str, Path, str | None]]:
    """Id, name in the index, file and class of each image."""
    fields = ("path", "location", *((label,) if label else ()))
    for hit in searcher.index.engine.scroll(chosen.filter, with_payload=fields):
        value = str(hit.payload.get(label, "")) if label else None
        yield hit.id, hit.payload["path"], to_path(hit.payload), value
