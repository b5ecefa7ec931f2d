"""Memory while embeddings are indexed, and how much of it is the engine's.

    python -m benchmarks.memory [--images N] [--short] [--json PATH]

Two processes of their own, each looked at from outside ten times a second (Linux only): the whole
command, and Qdrant Edge alone given the same points from a pipe. What is counted is memory that no
file backs: pages of mapped files are the kernel's to take back. Flat means that the last quarter of
a run peaks no higher above the engine than the second.
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
ASKED = 2.0
"""GiB beyond the engine, at most."""
QUARTERS = 4


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--short", action="store_true", help="10,000 images")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the figures there")
    parser.add_argument("--bare", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.bare:
        upsert_from_pipe(options.bare)
        return
    if not DATA.is_dir():
        parser.exit(0, "skipped: needs ../shared/data beside the checkout\n")
    if options.short:
        options.images = 10_000
    with tempfile.TemporaryDirectory() as folder:
        rows = measured(Path(folder), options.images)
    title = f"Memory while {options.images:,} embeddings are indexed, GiB that no file backs"
    publish(title, machine(("numpy", "qdrant-edge-py")), {"Peaks": rows}, options.json)


def measured(folder: Path, images: int) -> list[dict[str, Any]]:
    made, table = write_large(folder, images)
    words = ["index", "--index", folder / "index", "--model", DATA / "space", "--ann", "auto"]
    words += ["--embeddings", made, "--files", table]
    with subprocess.Popen([COMMAND, *map(str, words)], stdout=sys.stderr) as ours:
        whole = watched(ours)
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
            "splicedex": mine,
            "peer: Edge, the same points": theirs,
            "beyond the engine": mine - theirs,
            "asked, at most": ASKED,
        }
        for i, (mine, theirs) in enumerate(zip(whole, engine, strict=True))
    ]


def watched(process: subprocess.Popen[Any]) -> list[float]:
    """Peaks of a process in each quarter of its life."""
    return Watcher(process).peaks()


class Watcher:
    """Looks at the memory of a process and its children until it ends."""

    def __init__(self, process: subprocess.Popen[Any]) -> None:
        self._process = process
        self._seen: list[float] = []
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def peaks(self) -> list[float]:
        """GiB, in each quarter of its life; waits for its end."""
        self._process.wait()
        self._thread.join()
        size = -(-len(self._seen) // QUARTERS)
        return [max(self._seen[i * size : (i + 1) * size], default=0.0) for i in range(QUARTERS)]

    def _watch(self) -> None:
        while self._process.poll() is None:
            self._seen.append(anonymous(self._process.pid) / 2**30)
            time.sleep(0.1)


def anonymous(pid: int) -> int:
    """Bytes of a process and its children that no file backs."""
    try:
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        files = Path(f"/proc/{pid}/task").glob("*/children")
        children = [int(child) for file in files for child in file.read_text().split()]
    except OSError:  # it has ended
        return 0
    own = next((int(line.split()[1]) << 10 for line in status if line.startswith("RssAnon")), 0)
    return own + sum(map(anonymous, children))


def upsert_from_pipe(folder: Path) -> None:
    """The peer: an engine that is handed ready points."""
    dim, fields = pickle.load(sys.stdin.buffer)
    with EdgeEngine.create(folder, dim) as engine:
        for name, kind in fields.items():
            engine.create_index(name, kind)
        while True:
            try:
                engine.upsert(pickle.load(sys.stdin.buffer))
            except EOFError:
                break
    # The command builds the search index in the end, and so must the peer.
    with EdgeEngine.open(folder) as engine:
        engine.optimize()


if __name__ == "__main__":
    main()
