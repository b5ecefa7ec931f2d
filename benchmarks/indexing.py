"""Indexing speed in images per second, compared with the unavoidable part of the work.

    python -m benchmarks.indexing [--images N] [--photos N] [--short] [--json PATH]

Embeddings: a complete run, from an empty index to a closed and calibrated one, against Qdrant Edge
given the same points ready to write. Photos: a complete run with ViT-B/32 and random weights,
against the encoder alone on pixels decoded in advance. Then the cost of decomposition and presence
by the size of the vocabulary and the penalty.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.datasets import DATA, embeddings
from benchmarks.large import write_large
from benchmarks.machine import machine
from benchmarks.report import publish
from splicedex.indexer.engines.batch import batch_of
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.payload.presence import LEAST, PresenceEncoder
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.pipeline.settings import Settings, resolve
from splicedex.indexer.sources.base import BLOCK, blocks
from splicedex.indexer.sources.decoding.decode import Photo
from splicedex.indexer.sources.decoding.pool import read_photos
from splicedex.indexer.sources.embeddings import array_source
from splicedex.indexer.sources.photos import PhotoSource, list_paths
from splicedex.indexer.store.index import OWN_FIELDS, Index, create_index, open_index
from splicedex.splice.decomposition import decompose
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.near_synonyms import all_near_synonyms
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.dictionary.word_frequency import bundled_frequency
from splicedex.splice.presence.calibration import calibrate
from splicedex.splice.presence.shows import Shows
from splicedex.splice.sparsity import Sparsity

PHOTOS = DATA.parent / "photos"
MODEL = "ViT-B-32"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=100_000, help="number of embeddings")
    parser.add_argument("--photos", type=int, default=1024, help="number of photos")
    parser.add_argument("--short", action="store_true", help="10,000 images, 128 photos")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    options = parser.parse_args()
    if not DATA.is_dir():
        parser.exit(0, "skipped: ../shared/data does not exist\n")
    if options.short:
        options.images, options.photos = 10_000, 128
    with tempfile.TemporaryDirectory() as folder:
        tables = {
            "Embeddings": of_embeddings(Path(folder) / "embeddings", options.images),
            "Photos": of_photos(Path(folder) / "photos", options.photos),
            "Decomposition and presence alone": concepts_time(1024 if options.short else 4096),
        }
    about = machine(("numpy", "scipy", "qdrant-edge-py", "torch", "open_clip_torch"))
    publish("Indexing", about, tables, options.json)


def of_embeddings(folder: Path, images: int) -> list[dict[str, Any]]:
    """Time of indexing embeddings, and of writing the same points."""
    rows, table = write_large(folder, images)
    resolved = resolve(folder / "index", Settings(model=str(DATA / "space")), photos=None)
    create_index(folder / "index", resolved.manifest, resolved.space)
    started = time.perf_counter()
    source = array_source(rows, files=table, root=None, dim=resolved.space.dim)
    listed = time.perf_counter()
    with open_index(folder / "index") as index:
        opened = time.perf_counter()
        build(index, source)
        built = time.perf_counter()
        ours = {"reading the table": listed - started, "indexing": built - opened}
        bare = upserting(index, folder / "bare")
    return [
        {"what": what, "images": images, "seconds": took, "images/s": images / took,
         "ratio to the peer": took / bare}
        for what, took in {
            "splicedex, indexing": ours["indexing"],
            "splicedex, including reading and checking the files": sum(ours.values()),
            "peer: Edge, the same points": bare,
        }.items()
    ]  # fmt: skip


def upserting(index: Index, folder: Path) -> float:
    """Seconds to write the points of an index to a new collection, in batches made in advance."""
    took = 0.0
    with EdgeEngine.create(folder, index.space.dim) as engine:
        for name, kind in {**OWN_FIELDS, **index.manifest.columns}.items():
            engine.create_index(name, kind)
        everything = index.engine.scroll(with_dense=True, with_concepts=True, page=BLOCK)
        for hits in blocks(everything, BLOCK):
            batch = batch_of(hits, len(index.space.concepts))
            started = time.perf_counter()
            engine.upsert(batch)
            took += time.perf_counter() - started
    return took


def of_photos(folder: Path, count: int) -> list[dict[str, Any]]:
    """Time of indexing photos, and of the encoder alone."""
    encoder = random_encoder(folder)
    space = ConceptSpace.load(DATA / "space")
    resolved = resolve(folder / "index", Settings(model=str(DATA / "space")), photos=None)
    listing = list_paths([str(PHOTOS)])
    listing = type(listing)(listing.photos[:count], listing.names[:count])
    read = read_photos(listing.photos, encoder.preprocess())
    pixels = np.stack([photo.pixels for photo in read if isinstance(photo, Photo)])
    encoder.encode_images(pixels[:64])
    rows = []
    for turn in range(2):  # alternate, because the load of the machine may change
        started = time.perf_counter()
        for start in range(0, len(pixels), 256):
            encoder.encode_images(pixels[start : start + 256])
        alone = time.perf_counter() - started
        made = folder / f"index{turn}"
        create_index(made, resolved.manifest, space)
        with open_index(made) as index:
            started = time.perf_counter()
            build(index, PhotoSource(listing, encoder))
            complete = time.perf_counter() - started
        rows += [(alone, complete)]
    alone, complete = (min(times) for times in zip(*rows, strict=True))
    return [
        {"what": what, "photos": len(pixels), "seconds": took, "photos/s": len(pixels) / took,
         "ratio to the peer": took / alone}
        for what, took in {
            "splicedex: decode, encode, decompose, write": complete,
            f"peer: {MODEL} alone on decoded batches": alone,
        }.items()
    ]  # fmt: skip


def random_encoder(folder: Path) -> Any:
    """Load ViT-B/32 with random weights."""
    import open_clip
    import torch

    from splicedex.splice.encoders.load import load_encoder

    folder.mkdir(parents=True)
    torch.manual_seed(0)
    model = open_clip.create_model(MODEL)
    torch.save(model.state_dict(), folder / "random.pt")
    return load_encoder(f"{MODEL}/{folder / 'random.pt'}")


def concepts_time(images: int) -> list[dict[str, Any]]:
    """Milliseconds per image of decomposition and of the rest, by vocabulary and penalty."""
    cases = [(words, 0.25) for words in (1_000, 2_282, 5_000, 10_000)]
    cases += [(10_000, penalty) for penalty in (0.15, 0.2, 0.35)]
    rows = []
    for words, penalty in cases:
        made = embeddings(images, words)
        names = tuple(map(str, range(words)))
        space = ConceptSpace(names, made.dictionary, np.zeros(made.images.shape[1], np.float32))
        encoder = PresenceEncoder(all_near_synonyms(space))
        calibration = calibrate(space, made.images[:1024])
        lexicon = Lexicon.of_space(space, bundled_frequency())
        shows = Shows.of_space(space, lexicon)
        started = time.perf_counter()
        weights = decompose(space, made.images, Sparsity(penalty), lexicon.penalties)
        decomposed = time.perf_counter()
        for start in range(0, images, BLOCK):
            block = made.images[start : start + BLOCK]
            encoder.payloads(calibration.likely(block, LEAST))
            shows.shown(block)
        done = time.perf_counter()
        rows.append(
            {
                "images": images,
                "words": words,
                "λ": penalty,
                "concepts per image": weights.nnz / images,
                "decomposition, ms per image": 1e3 * (decomposed - started) / images,
                "presence and what is shown, ms per image": 1e3 * (done - decomposed) / images,
            }
        )
    return rows


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    main()
