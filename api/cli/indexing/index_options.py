"""The options of `splicedex index`, as one object."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from splicedex.api.cli.options import Json, Replicas, Shards
from splicedex.api.python.indexing import ANNS, choice, loading, settings_of
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.indexer.engines.base import Ann
    from splicedex.indexer.payload.columns import ColumnKind
    from splicedex.indexer.pipeline.index_images import Images
    from splicedex.indexer.pipeline.settings import Settings
    from splicedex.indexer.sources.decoding.opened import Reading
    from splicedex.splice.encoders.base import Load


@dataclass(frozen=True, kw_only=True)
class IndexOptions:
    """What the user gave on the command line. Each field is an option; `paths` is the argument."""

    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Photos, folders of photos, or globs.", show_default=False),
    ] = None
    model: Annotated[
        str | None,
        typer.Option(
            help="Name of an encoder, or a concept space folder (default: the model of the index; "
            "ViT-B-32/laion2b_s34b_b79k for a new one)"
        ),
    ] = None
    embeddings: Annotated[
        Path | None,
        typer.Option(
            help="Precomputed embeddings to index instead of photos: an .npy or .npz file (n, d) "
            "with --files, or clip-retrieval's output folder."
        ),
    ] = None
    files: Annotated[
        Path | None,
        typer.Option(
            help="Table that names the images in a column file or path: CSV (separated by comma, "
            "semicolon or tab), JSON Lines or Parquet. Its other columns become filters."
        ),
    ] = None
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:KIND",
            help="What a column of --files holds: text, integer, float, date or bool. Cells that "
            "are something else are left out. Repeat it for several columns (default: what all "
            "cells of the column are)",
            show_default=False,
        ),
    ] = None
    root: Annotated[
        Path | None, typer.Option(help="Folder that the names in --files are relative to.")
    ] = None
    vocabulary: Annotated[
        str | None,
        typer.Option(
            help="Concepts to describe images with: clip, laion, laion_bigrams, mscoco, or a text "
            "file with one concept per line."
        ),
    ] = None
    image_mean: Annotated[
        Path | None,
        typer.Option(
            help="Image mean of the model, as an .npy or .pt file; or a folder of photos of many "
            "kinds to estimate it from."
        ),
    ] = None
    penalty: Annotated[
        float | None,
        typer.Option(
            help="Lasso penalty λ. 0.15 gives about 35 concepts per image, 0.35 about 5 "
            "(default: 0.25)"
        ),
    ] = None
    l0: Annotated[
        int | None,
        typer.Option("--l0", help="Greatest number of concepts per image, instead of --penalty."),
    ] = None
    penalties: Annotated[
        str | None,
        typer.Option(
            help="Relative penalties of concepts in decompositions: frequency, higher for words "
            "that people rarely say of a photo, or uniform, the same for all as in the paper "
            "(default: frequency)"
        ),
    ] = None
    word_frequency: Annotated[
        str | None,
        typer.Option(
            help="How often people say words of photos: a file with a word, a tab and a count on "
            "each line, or a language such as de (default: English, from captions)"
        ),
    ] = None
    device: Annotated[
        str | None,
        typer.Option(
            help="Device of the encoder: cpu, cuda, cuda:1 or mps (default: the fastest available)"
        ),
    ] = None
    precision: Annotated[
        str | None,
        typer.Option(
            help="Number format that photos are encoded in: fp32, fp16 or bf16. An index keeps "
            "its own (default: fp16 on CUDA; bf16 for vision transformers of open_clip on "
            "processors that have it; else fp32)"
        ),
    ] = None
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1, help="Photos per forward pass of the encoder (default: depends on the device)"
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(min=0, help="Processes that decode photos (default: one per core)"),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            metavar="GLOB",
            help="Leave out what matches, in the syntax of gitignore, relative to each PATH: "
            "'*.png', 'private/', '/2019/**/drafts/'; !GLOB takes back. Repeat it for several. "
            "Files .splicedexignore in folders hold such patterns, too. What is in the index "
            "already stays, unless you add --prune",
            show_default=False,
        ),
    ] = None
    no_default_excludes: Annotated[
        bool,
        typer.Option(
            "--no-default-excludes",
            help="Index bins and thumbnails as well: @eaDir, #recycle, $RECYCLE.BIN, __MACOSX, "
            "node_modules and others. Hidden files and folders stay out",
        ),
    ] = False
    tolerant: Annotated[
        bool,
        typer.Option(
            "--tolerant",
            help="Read photos whose file lacks its end (JPEG, PNG, GIF, BMP, plain TIFF) as far as "
            "they go, and mark them: truncated:true finds them",
        ),
    ] = False
    max_pixels: Annotated[
        str | None,
        typer.Option(
            metavar="N",
            help="Skip photos of more pixels; 300M reads panoramas of 300 megapixels. Every "
            "decoder holds a photo in memory, but JPEGs at a reduced size (default: 178956970)",
        ),
    ] = None
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Remove images from the index that no longer exist under the PATHs, or are left "
            "out. A PATH may be gone itself. Asks before it removes more than a tenth of the "
            "index.",
        ),
    ] = False
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Do not ask: --prune may remove any number of images."),
    ] = False
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with code 2 if a photo could not be read, also one of a kind that needs an "
            "extra.",
        ),
    ] = False
    errors_file: Annotated[
        Path | None,
        typer.Option("--errors", help="CSV file to write: the photos that could not be read."),
    ] = None
    ann: Annotated[
        str | None,
        typer.Option(
            help="Nearest-neighbour method: exact (compare with every image), hnsw (graph), int8 "
            "(graph over 8-bit vectors), or auto: exact below 20,000 images, int8 above "
            "(default: the method of the index; auto for a new one)"
        ),
    ] = None
    wait: Annotated[
        float,
        typer.Option(min=0, help="Seconds to wait for another process that uses the index."),
    ] = 0
    shards: Shards = None
    replicas: Replicas = None
    json: Json = False

    def images(self) -> Images:
        """The images to index.

        Raises:
            UserError: No images are named, they are named in two ways, or a --column is not
                NAME:KIND.
        """
        from splicedex.indexer.pipeline.index_images import Images
        from splicedex.indexer.sources.finding.find_photos import Excludes

        columns = dict(_column(one) for one in self.column or ())
        excludes = Excludes(self.exclude or (), defaults=not self.no_default_excludes)
        return Images(self.paths or (), self.embeddings, self.files, self.root, columns, excludes)

    def reading(self) -> Reading:
        """Which photos are read, and how.

        Raises:
            UserError: --max-pixels is not a number of pixels.
        """
        from splicedex.api.cli.pixels import pixels
        from splicedex.indexer.sources.decoding.opened import MOST_PIXELS, Reading

        most = MOST_PIXELS if self.max_pixels is None else pixels(self.max_pixels)
        return Reading(most, tolerant=self.tolerant)

    def settings(self) -> Settings:
        """What the index is made with.

        Raises:
            UserError: --penalty and --l0 are both given, one is out of range, or there are no such
                --penalties.
        """
        return settings_of(
            self.model,
            self.vocabulary,
            self.image_mean,
            self.penalty,
            self.l0,
            self.penalties,
            self.word_frequency,
            self.precision,
        )

    def load(self) -> Load:
        """The function that loads an encoder with the device and batch size given."""
        return loading(self.device, self.batch_size)

    def method(self) -> Ann | None:
        """The nearest-neighbour method; None if not given.

        Raises:
            UserError: No method has this name.
        """
        return choice("--ann", self.ann, ANNS)


def _column(given: str) -> tuple[str, ColumnKind]:
    """The name and the kind of a --column.

    Raises:
        UserError: It has another form.
    """
    from splicedex.indexer.payload.columns import KINDS

    name, _, kind = given.rpartition(":")
    if not name or kind not in KINDS:
        raise UserError(
            f"--column {given} is not NAME:KIND", f"use one of {', '.join(KINDS)}: price:float"
        )
    return name, KINDS[kind]


def with_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the parameter `options: IndexOptions` of a command into one option for each field."""
    hints = get_type_hints(IndexOptions, include_extras=True)
    added = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=hints[field.name],
        )
        for field in fields(IndexOptions)
    ]
    signature = inspect.signature(command, eval_str=True)
    others = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for one in signature.parameters.values()
        if one.name != "options"
    ]

    @functools.wraps(command)
    def run(**values: Any) -> Any:
        given = {field.name: values.pop(field.name) for field in fields(IndexOptions)}
        return command(**values, options=IndexOptions(**given))

    run.__signature__ = signature.replace(parameters=[*others, *added])  # type: ignore[attr-defined]
    return run
