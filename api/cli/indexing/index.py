"""`splicedex index`: bring an index up to date with photos or embeddings."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.options import IndexAddress, Json, Replicas, Shards, sharded
from splicedex.api.cli.render import console, errors, print_json
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.indexer.engines.base import Ann
    from splicedex.indexer.pipeline.build import Report
    from splicedex.indexer.sources.base import Source
    from splicedex.splice.sparsity import Sparsity

ANNS = ("auto", "exact", "hnsw", "int8")
COUNTS = ("added", "replaced", "unchanged", "pruned")
LISTED = 20
"""Skipped photos that are listed on the terminal."""

EXAMPLES = """
[bold]Examples[/bold]

splicedex index --index photos.idx ~/Pictures

splicedex index --index photos.idx ~/Pictures --prune --errors unreadable.csv

splicedex index --index photos.idx --model nano --files files.csv --root photos/

splicedex index --index e.idx --model SPACE_FOLDER --embeddings X.npy --files files.csv

splicedex index --index e.idx --model ViT-B-32/openai --embeddings CLIP_RETRIEVAL_FOLDER

splicedex index --url http://qdrant:6333 --index photos ~/Pictures

Run it again at any time: unchanged images are skipped, a run that was stopped continues.
"""


def run(
    index: IndexAddress,
    paths: Annotated[
        list[str] | None, typer.Argument(help="Photos, folders or globs.", show_default=False)
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="Encoder, or a concept space folder [default: ViT-B-32/laion2b_s34b_b79k, "
            "or the one the index was made with]"
        ),
    ] = None,
    embeddings: Annotated[
        Path | None,
        typer.Option(
            help="Embeddings made elsewhere: an .npy file (n, d) with --files, "
            "or clip-retrieval's output folder."
        ),
    ] = None,
    files: Annotated[
        Path | None,
        typer.Option(
            help="CSV that names the images (column file or path); its other columns are kept."
        ),
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="Folder the names in --files are relative to.")
    ] = None,
    vocabulary: Annotated[
        str | None,
        typer.Option(help="clip, laion, laion_bigrams, mscoco, or a file of one concept a line."),
    ] = None,
    image_mean: Annotated[
        Path | None,
        typer.Option(
            help="The model's image mean as .npy or .pt, or a folder of photos in general "
            "to estimate it from."
        ),
    ] = None,
    penalty: Annotated[
        float | None,
        typer.Option(
            help="λ of the lasso: .15 keeps some 35 concepts an image, .35 some 5 [default: .25]"
        ),
    ] = None,
    l0: Annotated[
        int | None, typer.Option("--l0", help="At most this many concepts an image, instead of λ.")
    ] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu, cuda, cuda:1 or mps [default: the fastest there is]")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="fp32, fp16 or bf16 [default: fp16 on CUDA, else fp32]")
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="Photos the encoder takes at once [default: the device's]"),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=0, help="Decoding processes [default: one a core]")
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Drop indexed images that have vanished.")
    ] = False,
    strict: Annotated[
        bool,
        typer.Option("--strict", help="End with exit code 2 if a photo could not be read."),
    ] = False,
    errors_file: Annotated[
        Path | None,
        typer.Option("--errors", help="Write photos that could not be read there, as CSV."),
    ] = None,
    ann: Annotated[
        str | None,
        typer.Option(
            help="How like vectors are found: exact (a scan), hnsw (a graph), int8 (a graph over "
            "bytes), auto [default: auto, exact below 20,000 images, then int8]"
        ),
    ] = None,
    wait: Annotated[
        float, typer.Option(min=0, help="Seconds to wait for another process on this index.")
    ] = 0,
    shards: Shards = None,
    replicas: Replicas = None,
    json: Json = False,
) -> None:
    """Index photos, or embeddings made elsewhere."""
    from splicedex.api.cli.progress import indexing
    from splicedex.indexer.pipeline.build import build
    from splicedex.indexer.pipeline.optimize import is_due
    from splicedex.indexer.pipeline.settings import Settings, resolve
    from splicedex.indexer.sources.embeddings import array_source
    from splicedex.indexer.sources.photos import PhotoSource, list_paths, list_table
    from splicedex.indexer.store.index import create_index, open_index
    from splicedex.splice.encoders.load import load_encoder

    if ann is not None and ann not in ANNS:
        raise UserError(f"--ann {ann} is unknown", f"use {', '.join(ANNS)}")
    if embeddings is None and files is None and not paths:
        raise UserError("nothing to index", "name photos, or give --embeddings or --files")
    if paths and (embeddings or files):
        raise UserError(
            "photos are named twice, as PATHs and by --embeddings or --files", "give one of them"
        )
    index = sharded(index, shards, replicas)
    settings = Settings(model, vocabulary, image_mean, _sparsity(penalty, l0))
    load = partial(load_encoder, device=device, precision=precision, batch_size=batch_size)
    if errors_file:
        _write_skipped(errors_file, [])  # now rather than after hours: it may not be writable
    source: Source
    if embeddings is not None:
        recipe = resolve(index, settings, photos=None, load=load)
        source = array_source(embeddings, files=files, root=root, dim=recipe.space.dim)
    else:
        photos = list_table(files, root) if files else list_paths(paths or [])
        recipe = resolve(index, settings, photos, load=load, workers=workers)
        assert recipe.encoder is not None
        source = PhotoSource(photos, recipe.encoder, workers=workers)
    create_index(index, recipe.manifest, recipe.space)
    start = time.perf_counter()
    with open_index(index, wait=wait) as opened:
        with indexing(len(source)) as show:
            report = build(opened, source, prune=prune, on_progress=show)
        images = opened.engine.count()
        due = not report.stopped and is_due(opened, ann)  # type: ignore[arg-type]
        chosen = ann or opened.manifest.ann
    del source  # the names of all images
    if due:
        report.stopped = not _optimise(opened.folder, chosen, wait)  # type: ignore[arg-type]
    if errors_file:
        _write_skipped(errors_file, report.skipped)
    _show(report, images, time.perf_counter() - start, as_json=json, errors_file=errors_file)
    if report.stopped:
        raise typer.Exit(130)
    if strict and report.skipped:
        raise UserError(
            f"{len(report.skipped):,} of {report.total:,} images could not be read",
            "mend or remove them, or leave --strict out",
        )


def _optimise(folder: Path, ann: Ann, wait: float) -> bool:
    """Build the search index; says whether Ctrl-C let it."""
    from splicedex.api.cli.progress import waiting
    from splicedex.indexer.pipeline.optimize import optimise

    try:
        with waiting("building the search index"):
            optimise(folder, ann, wait=wait)
    except KeyboardInterrupt:
        return False
    return True


def _sparsity(penalty: float | None, l0: int | None) -> Sparsity | None:
    from splicedex.splice.sparsity import Sparsity

    if penalty is not None and l0 is not None:
        raise UserError("--penalty and --l0 both set the sparsity", "give one of them")
    if l0 is not None:
        return Sparsity(l0=l0)
    return None if penalty is None else Sparsity(penalty)


def _write_skipped(file: Path, skipped: Sequence[tuple[str, str]]) -> None:
    try:
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened)
            writer.writerow(("path", "reason"))
            writer.writerows(skipped)
    except OSError as error:
        raise UserError(
            f"{file} cannot be written ({error.strerror})", "name a file that can be, by --errors"
        ) from error


def _show(
    report: Report, images: int, seconds: float, *, as_json: bool, errors_file: Path | None
) -> None:
    if as_json:
        counts = {name: getattr(report, name) for name in COUNTS}
        skipped = [{"path": path, "reason": reason} for path, reason in report.skipped]
        print_json(
            counts
            | {"skipped": skipped, "stopped": report.stopped}
            | {"images": images, "seconds": round(seconds, 3)}
        )
        return
    told = ", ".join(f"{getattr(report, name):,} {name}" for name in COUNTS)
    rate = (report.added + report.replaced) / seconds
    console.print(f"{told} in {seconds:.1f} s ({rate:,.0f} images/s); {images:,} in the index")
    if report.skipped:
        _list(report.skipped, errors_file)
    if report.stopped:
        errors.print("stopped; run the same command again to continue", style="yellow")


def _list(skipped: Sequence[tuple[str, str]], errors_file: Path | None) -> None:
    """Name some images that could not be read, each on a line of its own."""
    lines = [f"{len(skipped):,} skipped:"]
    lines += [f"  {_one_line(path)}: {reason}" for path, reason in skipped[:LISTED]]
    if len(skipped) > LISTED:
        where = f"{errors_file} lists" if errors_file else "--errors FILE lists"
        lines.append(f"  and {len(skipped) - LISTED:,} more; {where} all")
    for line in lines:
        errors.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _one_line(path: str) -> str:
    """A path with line breaks and other control characters written out."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)
