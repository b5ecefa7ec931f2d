"""Speed of indexing photos, memory, and time by part of the work.

    python -m benchmarks.photos [--model nano] [--photos DIR] [--limit N] [--json PATH]

Measures `splicedex index` without loading the model and listing the folder: from opening an empty
index to closing it, with presence calibrated. The parts are times of the main process. Its stages
overlap, so their sum may exceed the total. "decode" is the time that the encoder waits for pixels,
not the work of the decoding processes. "presence" includes calibration and writing its result.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.machine import cores, machine
from benchmarks.report import publish
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.payload.presence import PresenceEncoder
from splicedex.indexer.pipeline import build as build_module
from splicedex.indexer.pipeline import decompose as decompose_module
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.pipeline.settings import Settings, resolve
from splicedex.indexer.sources.photos import PhotoSource, list_paths
from splicedex.indexer.store.index import Index, create_index, open_index
from splicedex.splice.presence.calibration import Calibration

PHOTOS = Path(__file__).parents[1].parent / "shared" / "data" / "photos"
LIMIT = 0.10
"""Maximum share of the total time for decomposition, presence and writing together."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", default="nano", help="an encoder")
    parser.add_argument("--photos", type=Path, default=PHOTOS, help="a folder of photos")
    parser.add_argument("--limit", type=int, help="number of photos; all by default")
    parser.add_argument("--workers", type=int, help="decoding processes [default: one per core]")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    options = parser.parse_args()
    if not options.photos.is_dir():
        parser.exit(0, f"skipped: {options.photos} is not a folder\n")
    listing = list_paths([str(options.photos)])
    end = options.limit or len(listing.photos)
    listing = type(listing)(listing.photos[:end], listing.names[:end])
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder) / "index"
        resolved = resolve(index, Settings(model=options.model), listing, workers=options.workers)
        assert resolved.encoder is not None
        create_index(index, resolved.manifest, resolved.space)
        source = PhotoSource(listing, resolved.encoder, workers=options.workers)
        clock, memory = Clock(), Memory()
        before = memory.now()
        with memory, clock.watching(resolved.encoder):
            started = time.perf_counter()
            with open_index(index) as opened:
                report = build(opened, source)
            took = time.perf_counter() - started
    done = report.added
    rows = [
        {"part": part, "seconds": seconds, "ms per photo": 1e3 * seconds / done, "share": share}
        for part, seconds, share in shares(clock.seconds, took)
    ]
    measured = sum(
        row["share"] for row in rows if row["part"] in {"decompose", "presence", "write"}
    )
    summary = {
        "model": options.model,
        "photos": done,
        "skipped": len(report.skipped),
        "photos/s": done / took,
        "seconds": took,
        "peak MiB": memory.peak / 2**20,
        "MiB before indexing": before / 2**20,
        "decompose + presence + write": measured,
        "limit": LIMIT,
    }
    about = machine(("torch", "open_clip_torch", "timm", "pillow", "numpy", "qdrant-edge-py"))
    workers = cores() if options.workers is None else options.workers
    heading = f"Time of the main process by part ({workers} decoding processes)"
    publish("Indexing photos", about, {"Summary": [summary], heading: rows}, options.json)


def shares(seconds: dict[str, float], took: float) -> Iterator[tuple[str, float, float]]:
    """Yield each part with its seconds and its share of the total."""
    for part in ("decode", "encode", "decompose", "presence", "write"):
        yield part, seconds[part], seconds[part] / took


class Clock:
    """Seconds by part; the time of a part inside another one is subtracted from the outer part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._threads = threading.local()

    @property
    def _inner(self) -> list[float]:
        """Seconds of inner parts for each open part of this thread, outermost first."""
        if not hasattr(self._threads, "inner"):
            self._threads.inner = [0.0]
        inner: list[float] = self._threads.inner
        return inner

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Context manager that counts its time as this part."""
        self._inner.append(0.0)
        started = time.perf_counter()
        try:
            yield
        finally:
            took = time.perf_counter() - started
            self.seconds[name] += took - self._inner.pop()
            self._inner[-1] += took

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a function so that its time counts as this part."""

        def call(*args: Any, **kwargs: Any) -> Any:
            with self.part(name):
                return function(*args, **kwargs)

        return call

    @contextmanager
    def watching(self, encoder: Any) -> Iterator[None]:
        """Context manager that measures the parts of an indexing run, by patching functions."""
        embed = PhotoSource.embed

        def waited(source: PhotoSource, items: Any) -> Iterator[Any]:
            made = embed(source, items)
            while True:
                with self.part("decode"):  # without the encoding inside
                    block = next(made, None)
                if block is None:
                    return
                yield block

        with (
            patch.object(PhotoSource, "embed", waited),
            patch.object(encoder, "encode_images", self.timed("encode", encoder.encode_images)),
            self._patched(decompose_module, "decompose", "decompose"),
            self._patched(decompose_module, "reconstruction_cosine", "decompose"),
            self._patched(build_module, "recalibrate", "presence"),
            self._patched(Index, "strengths", "presence"),
            self._patched(Calibration, "probability", "presence"),
            self._patched(PresenceEncoder, "payloads", "presence"),
            self._patched(EdgeEngine, "upsert", "write"),
            self._patched(EdgeEngine, "close", "write"),
        ):
            yield

    def _patched(self, owner: Any, name: str, part: str) -> Any:
        return patch.object(owner, name, self.timed(part, getattr(owner, name)))


class Memory:
    """Peak memory of this process and its children, sampled five times per second (Linux only)."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> None:
        self._watcher.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watcher.join()

    def now(self) -> int:
        """Bytes in use; memory shared by several processes is divided among them."""
        children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
        pids = [os.getpid(), *(int(pid) for file in children for pid in file.read_text().split())]
        return sum(map(_held, pids))

    def _watch(self) -> None:
        while not self._over.wait(0.2):
            self.peak = max(self.peak, self.now())


def _held(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # the process has ended
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)


if __name__ == "__main__":
    main()
