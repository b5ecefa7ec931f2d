"""Memory while embeddings are indexed, and how much of it the engine takes.

    python -m benchmarks.memory [--images N] [--short] [--json PATH]

Two processes are sampled ten times per second (Linux only): the whole command, and Qdrant Edge
alone with the same points from a pipe. Only anonymous memory counts, because the kernel can reclaim
the pages of mapped files. Memory is constant if the last quarter of the run peaks no higher above
the engine's than the second quarter.
"""

from __future__ import annotations

import argparse
import pickle
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.datasets import DATA
from benchmarks.large import write_large
from benchmarks.machine import machine
from benchmarks.report import publish
from splicedex.indexer.engines.batch import batch_of
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.sources.base import BLOCK, blocks
from splicedex.indexer.store.index import OWN_FIELDS, open_index

COMMAND = str(Path(sys.executable).with_name("splicedex"))
LIMIT = 2.0
"""Maximum memory beyond the engine's, in GiB."""
QUARTERS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=1_000_000, help="number of embeddings")
    parser.add_argument("--short", action="store_true", help="10,000 images")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        upsert_from_pipe(options.bare)
        return
    if not DATA.is_dir():
        parser.exit(0, "skipped: ../shared/data does not exist\n")
    if options.short:
        options.images = 10_000
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(Path(folder), options.images)
    title = f"Anonymous memory while {options.images:,} embeddings are indexed, GiB"
    publish(title, machine(("numpy", "qdrant-edge-py")), {"Peaks": rows}, options.json)


def measured(folder: Path, images: int) -> list[dict[str, Any]]:
    """Peaks of the command and of the engine alone, by quarter of the run."""
    made, table = write_large(folder, images)
    words = ["index", "--index", folder / "index", "--model", DATA / "space", "--ann", "auto"]
    words += ["--embeddings", made, "--files", table]
    with subprocess.Popen([COMMAND, *map(str, words)], stdout=sys.stderr) as command:
        whole = Watcher(command).peaks()
    with open_index(folder / "index") as index:
        bare_words = [sys.executable, "-m", "benchmarks.memory", "--bare", str(folder / "bare")]
        with subprocess.Popen(bare_words, stdin=subprocess.PIPE) as bare:
            assert bare.stdin is not None
            watcher = Watcher(bare)
            pickle.dump((index.space.dim, {**OWN_FIELDS, **index.manifest.columns}), bare.stdin)
            everything = index.engine.scroll(with_dense=True, with_concepts=True, page=BLOCK)
            for hits in blocks(everything, BLOCK):
                pickle.dump(batch_of(hits, len(index.space.concepts)), bare.stdin)
            bare.stdin.close()
            engine = watcher.peaks()
    return [
        {
            "part of the run": f"{i + 1} of {QUARTERS}",
            "splicedex": ours,
            "peer: Edge, the same points": peer,
            "beyond the engine": ours - peer,
            "limit": LIMIT,
        }
        for i, (ours, peer) in enumerate(zip(whole, engine, strict=True))
    ]


class Watcher:
    """Samples the memory of a process and its children until the process ends."""

    def __init__(self, process: subprocess.Popen[Any]) -> None:
        self._process = process
        self._samples: list[float] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def peaks(self) -> list[float]:
        """Peak memory in GiB in each quarter of the process's life. Waits for its end."""
        self._process.wait()
        self._thread.join()
        size = -(-len(self._samples) // QUARTERS)
        return [max(self._samples[i * size : (i + 1) * size], default=0.0) for i in range(QUARTERS)]

    def _watch(self) -> None:
        while self._process.poll() is None:
            self._samples.append(anonymous(self._process.pid) / 2**30)
            time.sleep(0.1)


def anonymous(pid: int) -> int:
    """Anonymous memory, in bytes, of a process and its children."""
    try:
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        files = Path(f"/proc/{pid}/task").glob("*/children")
        children = [int(child) for file in files for child in file.read_text().split()]
    except OSError:  # the process has ended
        return 0
    own = next((int(line.split()[1]) << 10 for line in status if line.startswith("RssAnon")), 0)
    return own + sum(map(anonymous, children))


def upsert_from_pipe(folder: Path) -> None:
    """The peer: read points from standard input and write them with the engine."""
    dim, fields = pickle.load(sys.stdin.buffer)
    with EdgeEngine.create(folder, dim) as engine:
        for name, kind in fields.items():
            engine.create_index(name, kind)
        while True:
            try:
                engine.upsert(pickle.load(sys.stdin.buffer))
            except EOFError:
                break
    # The command builds the search index at the end, so the peer does too.
    with EdgeEngine.open(folder) as engine:
        engine.optimize()


if __name__ == "__main__":
    main()
