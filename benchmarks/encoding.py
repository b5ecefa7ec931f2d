"""Speed of encoding and of decoding photos, compared with open_clip's own loop and with Pillow.

    python -m benchmarks.encoding [--short] [--precision bf16,fp32 | ""] [--json PATH]

The encoder is ViT-B/32 at its real size, on the CPU. Its weights are random, as speed does not
depend on them; so the cosines to single precision are those of such weights. The bundled model,
whose weights are trained, is in the table for its cosines.

Methods take turns, and each ratio is the median of the ratios of the turns: the load of a machine
changes within seconds. "Beside decoders": the decoding processes of an index run work at the same
time. ONEDNN_MAX_CPU_ISA=AVX2 (with MKL_ENABLE_INSTRUCTIONS and ATEN_CPU_CAPABILITY) imitates an
older processor.

Photos for the decoder are real ones, enlarged to 12 megapixels, with noise as of a sensor, and
saved at quality 90.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from statistics import median
from threading import Event, Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.datasets import DATA
from benchmarks.indexing import MODEL
from benchmarks.machine import cores, machine
from benchmarks.report import Row, publish
from splicedex.indexer.sources.decoding.decode import Photo, decode
from splicedex.indexer.sources.decoding.pool import read_photos
from splicedex.indexer.sources.photos import list_paths
from splicedex.splice.align import Matrix, unit
from splicedex.splice.encoders.load import load_encoder
from splicedex.splice.encoders.preprocess import Pixels, Preprocess

PHOTOS = DATA.parent / "photos"
SIZE = (4000, 3000)
"""12 megapixels."""
PEER = "peer: open_clip's own loop, fp32"
BATCH = 32
"""Images per pass of the peer, which is the default of splicedex."""

Work = Callable[[], Any]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="fewer photos and turns")
    parser.add_argument("--precision", default="bf16,fp32", help="besides the one that is chosen")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    options = parser.parse_args()
    if not PHOTOS.is_dir():
        parser.exit(0, "skipped: ../shared/data does not exist\n")
    precisions = [name for name in options.precision.split(",") if name]
    count, turns = (64, 2) if options.short else (256, 5)
    files = list_paths([str(PHOTOS)]).photos
    files = files[:: len(files) // count][:count]
    with tempfile.TemporaryDirectory() as folder:
        large = large_photos(Path(folder), files[:4])
        encoding, fastest = of_encoding(Path(folder), files, large, turns, precisions)
        tables = {
            f"Encoding, {count} photos": encoding,
            "Cosine to single precision, real photos": cosines(Path(folder), files, precisions),
            "Decoding a JPEG of 12 megapixels": of_decoding(large, turns, fastest),
        }
        tables = {heading: rows for heading, rows in tables.items() if rows}
    about = machine(("torch", "open_clip_torch", "pillow", "numpy"))
    publish("Encoding and decoding", about, tables, options.json)


def of_encoding(
    folder: Path, files: list[Path], large: list[Path], turns: int, precisions: list[str]
) -> tuple[list[Row], float]:
    """Photos per second of each method, alone and beside decoders; and of what is chosen, alone."""
    import torch

    weights = random_weights(folder)
    model, chosen = peer(weights), load_encoder(weights, device="cpu")
    pixels = pixels_of(files, chosen.preprocess())
    mean, std = model.visual.image_mean, model.visual.image_std
    scaled = torch.from_numpy(pixels).float().div(255)
    inputs = (scaled - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)

    def loop() -> None:
        with torch.no_grad():
            for batch in inputs.split(BATCH):
                model.encode_image(batch, normalize=True)

    works: dict[str, Work] = {PEER: loop}
    works[f"splicedex, as chosen: {chosen.precision}"] = lambda: chosen.encode_images(pixels)
    for precision in precisions:
        if precision != chosen.precision:
            works[f"splicedex --precision {precision}"] = encoding(weights, precision, pixels)
    alone = in_turns(works, turns)
    with decoding_beside(large, chosen.preprocess()):
        beside = in_turns(works, turns)
    rows = [
        {
            "what": what,
            "photos/s": len(pixels) / median(alone[what]),
            "× the peer": ratio(alone, what),
            "beside decoders: photos/s": len(pixels) / median(beside[what]),
            "× the peer there": ratio(beside, what),
        }
        for what in works
    ]
    return rows, max(float(row["photos/s"]) for row in rows[1:2])


def encoding(weights: str, precision: str, pixels: Pixels) -> Work:
    """The work of an encoder in a precision."""
    encoder = load_encoder(weights, device="cpu", precision=precision)
    return lambda: encoder.encode_images(pixels)


def cosines(folder: Path, files: list[Path], precisions: list[str]) -> list[Row]:
    """Cosines of embeddings in a precision to those in single precision.

    Centred embeddings are what is decomposed into concepts. Those of random weights are nearly the
    mean of all, so that centring them leaves little but rounding.
    """
    rows: list[Row] = []
    for name, model in ((f"{MODEL}, random weights", random_weights(folder)), ("nano", "nano")):
        chosen = load_encoder(model, device="cpu").precision
        single = load_encoder(model, device="cpu", precision="fp32")
        pixels = pixels_of(files[:BATCH], single.preprocess())
        expected = single.encode_images(pixels)
        mean = expected.mean(0)
        for precision in precisions:
            if precision == "fp32":
                continue
            embeddings = load_encoder(model, device="cpu", precision=precision).encode_images(
                pixels
            )
            centred = unit(embeddings - mean), unit(expected - mean)
            rows.append(
                {
                    "model": name,
                    "precision": precision,
                    "chosen here": chosen,
                    "least": f"{least(embeddings, expected):.5f}",
                    "least, centred": f"{least(*centred):.5f}",
                }
            )
    return rows


def of_decoding(photos: list[Path], turns: int, encoded: float) -> list[Row]:
    """Milliseconds of processor time for a photo, and photos per second of all workers."""
    preprocess = Preprocess(224, 224)

    def pillow() -> None:
        for photo in photos:
            with Image.open(io.BytesIO(photo.read_bytes())) as image:
                preprocess(image.convert("RGB"))

    def ours() -> None:
        for photo in photos:
            assert isinstance(decode(photo, preprocess), Photo)

    works: dict[str, Work] = {
        "peer: Pillow, whole image": pillow,
        "splicedex: also hash and fingerprint": ours,
    }
    took = in_turns(works, turns, clock=time.process_time)
    name = next(iter(works))
    rows: list[Row] = [
        {
            "what": what,
            "ms of one core": 1e3 * median(took[what]) / len(photos),
            "× the peer": ratio(took, what, name),
            "photos/s": None,
            "× the encoder": None,
        }
        for what in works
    ]
    many = photos * 8
    list(read_photos(photos, preprocess))
    started = time.perf_counter()
    for _ in read_photos(many, preprocess):
        pass
    rate = len(many) / (time.perf_counter() - started)
    rows.append(
        {
            "what": f"splicedex, {cores()} workers, with their start",
            "ms of one core": None,
            "× the peer": None,
            "photos/s": rate,
            "× the encoder": rate / encoded,
        }
    )
    return rows


def in_turns(
    works: Mapping[str, Work], turns: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of each work in each turn, after one that does not count."""
    took: dict[str, list[float]] = {what: [] for what in works}
    for turn in range(turns + 1):
        for what, work in works.items():
            started = clock()
            work()
            if turn:
                took[what].append(clock() - started)
    return took


def ratio(took: Mapping[str, list[float]], what: str, peer: str = PEER) -> float:
    """How many times as fast as the peer; the median over turns."""
    return median(p / o for p, o in zip(took[peer], took[what], strict=True))


@contextmanager
def decoding_beside(photos: list[Path], preprocess: Any) -> Iterator[None]:
    """Let one decoding process for each core work, as while photos are indexed."""
    over = Event()

    def files() -> Iterator[Path]:
        for photo in cycle(photos):
            if over.is_set():
                return
            yield photo

    def read() -> None:
        for _ in read_photos(files(), preprocess, buffer=2 * cores()):
            pass

    reader = Thread(target=read)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()


def large_photos(folder: Path, files: list[Path]) -> list[Path]:
    """Photos of 12 megapixels."""
    random, made = np.random.default_rng(0), []
    for number, file in enumerate(files):
        with Image.open(file) as image:
            large = np.asarray(image.convert("RGB").resize(SIZE, Image.Resampling.BICUBIC))
        noise: NDArray[np.float64] = random.normal(0, 4, (*large.shape[:2], 1))
        noisy = (large + noise).clip(0, 255).astype(np.uint8)
        made.append(folder / f"{number}.jpg")
        Image.fromarray(noisy).save(made[-1], quality=90)
    return made


def pixels_of(files: list[Path], preprocess: Any) -> Pixels:
    """Pixels (n, 3, h, w) of photos."""
    photos = [decode(file, preprocess) for file in files]
    return np.stack([photo.pixels for photo in photos if isinstance(photo, Photo)])


def least(some: Matrix, others: Matrix) -> float:
    """The least cosine of rows (n, d), unit length, in pairs."""
    return float((some * others).sum(1).min())


def random_weights(folder: Path) -> str:
    """Name of an encoder: ViT-B/32 with random weights, the same for a seed."""
    import open_clip
    import torch

    file = folder / "random.pt"
    if not file.exists():
        torch.manual_seed(0)
        torch.save(open_clip.create_model(MODEL).state_dict(), file)
    return f"{MODEL}/{file}"


def peer(weights: str) -> Any:
    """The same model, as open_clip loads it."""
    import open_clip

    architecture, _, file = weights.partition("/")
    return open_clip.create_model(architecture, file).eval()


if __name__ == "__main__":
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    warnings.filterwarnings("ignore", message="photos are encoded in")
    main()
