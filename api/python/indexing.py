"""`index`: makes an index, or brings it up to date."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from splicedex.api.python.named import expanded
from splicedex.api.python.progress import Bars, Progress
from splicedex.api.python.tables.indexed import Indexed, one_line
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.indexer.engines.base import Ann
    from splicedex.indexer.pipeline.index_images import Images
    from splicedex.indexer.pipeline.moved.prune import Confirm
    from splicedex.indexer.pipeline.report import Removal
    from splicedex.indexer.pipeline.settings import Settings
    from splicedex.indexer.sources.decoding.opened import Reading
    from splicedex.indexer.store.address import Address
    from splicedex.indexer.store.manifest import Penalties
    from splicedex.splice.encoders.base import Load
    from splicedex.splice.sparsity import Sparsity

ANNS: tuple[Ann, ...] = ("auto", "exact", "hnsw", "int8")
PENALTIES: tuple[Penalties, ...] = ("frequency", "uniform")
Allowed = TypeVar("Allowed", bound=str)


def index(
    source: Any,
    path: str | PathLike[str],
    *,
    names: Sequence[str] | None = None,
    model: str | None = None,
    embeddings: Any = None,
    files: Any = None,
    columns: Mapping[str, Literal["text", "integer", "float", "date", "bool"]] | None = None,
    root: str | PathLike[str] | None = None,
    vocabulary: str | None = None,
    image_mean: str | PathLike[str] | None = None,
    penalty: float | None = None,
    l0: int | None = None,
    penalties: Penalties | None = None,
    word_frequency: str | None = None,
    device: str | None = None,
    precision: str | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
    exclude: Sequence[str] = (),
    no_default_excludes: bool = False,
    tolerant: bool = False,
    max_pixels: int | None = None,
    prune: bool = False,
    yes: bool = False,
    strict: bool = False,
    errors_file: str | PathLike[str] | None = None,
    ann: Ann | None = None,
    wait: float = 0.0,
    shards: int | None = None,
    replicas: int | None = None,
    url: str | None = None,
    api_key: str | None = None,
    progress: bool | None = None,
) -> Indexed:
    """Index images: make an index of them, or bring it up to date.

    Run it again at any time: unchanged images are skipped, images that have moved keep their tags,
    and a run that was stopped continues.

    Args:
        source: What to index:

            - a folder, a photo, a glob, or a list of these;
            - a table that names photos: a file (CSV, JSON Lines, Parquet), or a data frame;
            - embeddings (n, d): an .npy or .npz file, a folder of clip-retrieval, or an array;
              `names` or `files` names their rows;
            - PIL images in a list, or a `datasets.Dataset` with a column of images.

            None if `embeddings` or `files` say it.
        path: Index folder; with `url`, the name of a collection; or http://HOST:PORT/COLLECTION.
        names: The name of each image, for an array, PIL images or a data set. PIL images and data
            sets have names by default: of their file, or by number.
        model: Name of an encoder, or a concept space folder; by default that of the index, and
            ViT-B-32/laion2b_s34b_b79k for a new one. "nano" is in the package.
        embeddings: Embeddings, as `source` can be.
        files: Table that names the images in a column `file` or `path`: a file or a data frame. Its
            other columns become filters.
        columns: What columns of `files` hold. Cells that are something else are left out.
        root: Folder that the names in `files` are relative to.
        vocabulary: Concepts to describe images with: clip, laion, laion_bigrams, mscoco, or a text
            file with one concept per line.
        image_mean: Image mean of the model: an .npy or .pt file; or a folder of photos of many
            kinds to estimate it from.
        penalty: Lasso penalty λ; 0.15 gives about 35 concepts per image, 0.35 about 5.
        l0: Greatest number of concepts per image, instead of `penalty`.
        penalties: Relative penalties of concepts: "frequency", higher for words that people rarely
            say of a photo, or "uniform", as in the paper.
        word_frequency: How often people say words: a file, or a language such as de.
        device: Device of the encoder: cpu, cuda, cuda:1 or mps.
        precision: Number format that photos are encoded in: fp32, fp16 or bf16.
        batch_size: Photos per forward pass of the encoder.
        workers: Processes that decode photos; by default one per core.
        exclude: Patterns of what to leave out, in the syntax of gitignore.
        no_default_excludes: Index bins and thumbnails as well.
        tolerant: Read photos whose file lacks its end as far as they go.
        max_pixels: Skip photos of more pixels.
        prune: Remove images from the index that no longer exist.
        yes: `prune` may remove any number of images; else it removes at most a tenth of them.
        strict: Raise an error if a photo could not be read.
        errors_file: CSV file to write: the photos that could not be read.
        ann: Nearest-neighbour method: exact, hnsw, int8, or auto.
        wait: Seconds to wait for another process that uses the index.
        shards: Number of shards of a new collection on a server.
        replicas: Number of copies of each shard of a new collection.
        url: URL of a Qdrant server.
        api_key: API key of the server.
        progress: Whether to show progress bars; None in notebooks and at terminals.

    Returns:
        What was done; `stopped` is set in it if Ctrl-C ended the run early.

    Raises:
        UserError: The source or a setting cannot be used, or differs from that of the index;
            nothing was pruned; or, if `strict`, a photo could not be read.

    Example:
        >>> import numpy as np
        >>> found = index(np.load(folder / "x.npy")[:9], folder / "nine.idx",
        ...               names=[f"{i}.jpg" for i in range(9)], model=str(folder / "space"))
        >>> found.images
        9
    """
    from splicedex.api.python.index import address_of
    from splicedex.api.python.indexable import images_of
    from splicedex.indexer.payload.columns import KINDS
    from splicedex.indexer.sources.decoding.opened import MOST_PIXELS, Reading
    from splicedex.indexer.sources.finding.find_photos import Excludes

    for name, kind in (columns or {}).items():
        if kind not in KINDS:
            raise UserError(f"column {name!r}: {kind!r} is no kind", f"use {', '.join(KINDS)}")
    images = images_of(
        source,
        names=names,
        embeddings=embeddings,
        files=files,
        root=None if root is None else Path(expanded(root)),
        columns={name: KINDS[kind] for name, kind in (columns or {}).items()},
        excludes=Excludes(tuple(exclude), defaults=not no_default_excludes),
    )
    settings = settings_of(
        model, vocabulary, image_mean, penalty, l0, penalties, word_frequency, precision
    )
    done = run_index(
        address_of(path, url=url, api_key=api_key, wait=wait),
        images,
        settings,
        reading=Reading(max_pixels or MOST_PIXELS, tolerant=tolerant),
        load=loading(device, batch_size),
        workers=workers,
        prune=prune,
        confirm=lambda removal: yes,
        errors_file=None if errors_file is None else Path(expanded(errors_file)),
        ann=choice("--ann", ann, ANNS),
        wait=wait,
        shards=shards,
        replicas=replicas,
        progress=Bars(progress),
    )
    refuse_incomplete(done, strict=strict)
    return done


def run_index(
    address: Address,
    images: Images,
    settings: Settings,
    *,
    reading: Reading,
    load: Load,
    workers: int | None = None,
    prune: bool = False,
    confirm: Confirm,
    errors_file: Path | None = None,
    ann: Ann | None = None,
    wait: float = 0.0,
    shards: int | None = None,
    replicas: int | None = None,
    progress: Progress,
) -> Indexed:
    """Index images at an address; see `index`.

    Raises:
        UserError: The source or a setting cannot be used, or differs from that of the index.
    """
    from splicedex.indexer.pipeline.index_images import index_images
    from splicedex.indexer.store.address import sharded

    if errors_file:
        write_skipped(errors_file, [])  # before hours of work: it may not be writable
    outcome = index_images(
        sharded(address, shards, replicas),
        images,
        settings,
        load=load,
        reading=reading,
        workers=workers,
        prune=prune,
        confirm=confirm,
        ann=ann,
        wait=wait,
        progress=progress,
    )
    done = Indexed(outcome)
    if errors_file:
        write_skipped(errors_file, done.skipped)
    return done


def refuse_incomplete(done: Indexed, *, strict: bool, asked: bool = False) -> None:
    """Refuse a run that ended well, but did not do all that was asked for.

    Args:
        done: What was done.
        strict: Whether each image has to be readable.
        asked: Whether a person was asked what to prune.

    Raises:
        UserError: Nothing was pruned and nobody was asked, or, if `strict`, an image could not be
            read.
    """
    report = done.outcome.report
    if report.stopped:
        return
    if report.not_pruned and not asked:
        raise UserError(
            f"nothing was pruned: --prune would remove {told(report.not_pruned)}",
            "is a drive missing? if they are gone for good, add --yes",
        )
    if strict and report.skipped:
        raise UserError(
            f"{len(report.skipped):,} of {report.total:,} images could not be read",
            "repair or remove them, or leave out --strict",
        )


def told(removal: Removal) -> str:
    """What would be pruned, in words."""
    where = f", under {one_line(removal.folder)}" if removal.folder else ""
    return f"{removal.images:,} of {removal.of:,} images{where}"


def settings_of(
    model: str | None,
    vocabulary: str | None,
    image_mean: str | PathLike[str] | None,
    penalty: float | None,
    l0: int | None,
    penalties: str | None,
    word_frequency: str | None,
    precision: str | None,
) -> Settings:
    """What an index is made with, from the options of `index`.

    Raises:
        UserError: Both `penalty` and `l0` are given, one is out of range, or there are no such
            penalties.
    """
    from splicedex.indexer.pipeline.settings import Settings

    return Settings(
        model,
        vocabulary,
        None if image_mean is None else Path(expanded(image_mean)),
        sparsity_of(penalty, l0),
        choice("--penalties", penalties, PENALTIES),
        word_frequency,
        precision,
    )


def sparsity_of(penalty: float | None, l0: int | None) -> Sparsity | None:
    """How sparse decompositions are; None for the default.

    Raises:
        UserError: Both are given, or one is out of range.
    """
    from splicedex.splice.sparsity import Sparsity

    if penalty is not None and l0 is not None:
        raise UserError("--penalty and --l0 both set the sparsity", "give one of them")
    if l0 is not None:
        return Sparsity(l0=l0)
    return None if penalty is None else Sparsity(penalty)


def loading(device: str | None, batch_size: int | None) -> Load:
    """The function that loads an encoder on a device."""
    from splicedex.splice.encoders.load import load_encoder

    return functools.partial(load_encoder, device=device, batch_size=batch_size)


def choice(option: str, given: str | None, allowed: Sequence[Allowed]) -> Allowed | None:
    """The allowed value that was given; None if none was.

    Raises:
        UserError: The value is not allowed.
    """
    if given is None:
        return None
    known = next((value for value in allowed if value == given), None)
    if known is None:
        raise UserError(f"{option} {given} is unknown", f"use {', '.join(allowed)}")
    return known


def write_skipped(file: Path, skipped: Sequence[tuple[str, str]]) -> None:
    """Write the photos that could not be read to a CSV file.

    Args:
        file: The file.
        skipped: Pairs of path and reason.

    Raises:
        UserError: The file cannot be written.
    """
    try:
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened)
            writer.writerow(("path", "reason"))
            writer.writerows(skipped)
    except OSError as error:
        raise UserError(
            f"{file} cannot be written ({error.strerror})", "give another file to --errors"
        ) from error
