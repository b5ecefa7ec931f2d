"""`splicedex index`: bring an index up to date with photos or embeddings."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.options import IndexFolder, Json
from api.render import console, errors, print_json
from splice.errors import UserError

if TYPE_CHECKING:
    from indexer.build import Report
    from indexer.sources import Source
    from splice.decomposition import Sparsity

COUNTS = ("added", "replaced", "unchanged", "pruned")

EXAMPLES = """
[bold]Examples[/bold]

splicedex index --index photos.idx ~/Pictures

splicedex index --index photos.idx ~/Pictures --prune

splicedex index --index e.idx --model SPACE_FOLDER --embeddings X.npy --files files.csv

splicedex index --index e.idx --model ViT-B-32/openai --embeddings CLIP_RETRIEVAL_FOLDER

Run it again at any time: unchanged images are skipped, a run that was stopped continues.
"""


def run(
    index: IndexFolder,
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
        Path | None, typer.Option(help="The model's image mean, as .npy or .pt.")
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
    workers: Annotated[
        int | None, typer.Option(min=0, help="Decoding processes [default: one a core]")
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Drop indexed images that have vanished.")
    ] = False,
    json: Json = False,
) -> None:
    """Index photos, or embeddings made elsewhere."""
    from api.progress import indexing
    from indexer.array_source import array_source
    from indexer.build import build
    from indexer.index import create_index, open_index
    from indexer.photo_source import PhotoSource, list_paths, list_table
    from indexer.settings import Settings, resolve

    if embeddings is None and files is None and not paths:
        raise UserError("nothing to index", "name photos, or give --embeddings or --files")
    if paths and (embeddings or files):
        raise UserError(
            "photos are named twice, as PATHs and by --embeddings or --files", "give one of them"
        )
    settings = Settings(model, vocabulary, image_mean, _sparsity(penalty, l0))
    source: Source
    if embeddings is not None:
        recipe = resolve(index, settings, photos=None)
        source = array_source(embeddings, files=files, root=root, dim=recipe.space.dim)
    else:
        photos = list_table(files, root) if files else list_paths(paths or [])
        recipe = resolve(index, settings, photos)
        assert recipe.encoder is not None
        source = PhotoSource(photos, recipe.encoder, workers=workers)
    create_index(index, recipe.manifest, recipe.space)
    start = time.perf_counter()
    with open_index(index) as opened:
        with indexing(len(source)) as show:
            report = build(opened, source, prune=prune, on_progress=show)
        images = opened.engine.count()
    _show(report, images, time.perf_counter() - start, as_json=json)
    if report.stopped:
        raise typer.Exit(130)


def _sparsity(penalty: float | None, l0: int | None) -> Sparsity | None:
    from splice.decomposition import Sparsity

    if penalty is not None and l0 is not None:
        raise UserError("--penalty and --l0 both set the sparsity", "give one of them")
    if l0 is not None:
        return Sparsity(l0=l0)
    return None if penalty is None else Sparsity(penalty)


def _show(report: Report, images: int, seconds: float, *, as_json: bool) -> None:
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
    for path, reason in report.skipped:
        errors.print(f"skipped {path}: {reason}", style="yellow", highlight=False)
    if report.stopped:
        errors.print("stopped; run the same command again to continue", style="yellow")
