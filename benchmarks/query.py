"""Latency of queries, and the time that a cold process takes.

    python -m benchmarks.query [--images N ...] [--index DIR] [--short] [--json PATH]

The command makes indexes of synthetic embeddings (`benchmarks.large`) in artifacts/. Queries take
turns, because users do not repeat a query. Every hit is explained. Caches are emptied before each
query, except in the column "again". "counted" queries also count all matching images.

The peers are the engine alone (a filter, ten ids, without ranking or explanation) and exact scans
of all vectors, by the engine and by NumPy. Recall is that of the 20 best images of an exact scan.
"score" is the mean difference of the scores from those images': images with equal scores are
common, and finding another one of them lowers recall but not the score.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.datasets import DATA
from benchmarks.large import write_large
from benchmarks.machine import machine
from benchmarks.report import publish
from splicedex.indexer.engines.query import And, Filter, Match, Nearest, Not, Query
from splicedex.indexer.store.index import Index, open_index
from splicedex.search.ranking import nearest
from splicedex.search.ranking.embedding_cache import EmbeddingCache
from splicedex.search.ranking.nearest_methods import Direction, Method
from splicedex.search.results import Options
from splicedex.search.searcher import Searcher
from splicedex.search.threads import one_blas_thread
from splicedex.splice.align import unit

FOLDER = Path("artifacts") / "large"
COMMAND = str(Path(sys.executable).with_name("splicedex"))
TOP = 20
WORDS = ("dog", "car", "tree", "bird", "ball", "guitar", "hat", "boat", "horse", "bicycle")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--images", type=int, nargs="+", default=[100_000, 1_000_000], help="sizes of the indexes"
    )
    parser.add_argument("--index", type=Path, help="measure this index only")
    parser.add_argument("--rounds", type=int, default=20, help="number of times per query")
    parser.add_argument("--short", action="store_true", help="20,000 images, 5 rounds")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    options = parser.parse_args()
    if not DATA.is_dir():
        parser.exit(0, "skipped: ../shared/data does not exist\n")
    if options.short:
        options.images, options.rounds = [20_000], 5
    one_blas_thread()
    folders = [options.index] if options.index else [make(images) for images in options.images]
    rows = [row for folder in folders for row in latencies(folder, options.rounds)]
    cold = start_up(make(10_000), 3 if options.short else 7)
    tables = {"Warm queries, milliseconds": rows, "Cold processes, 10,000 images, seconds": cold}
    publish("Queries", machine(("numpy", "qdrant-edge-py")), tables, options.json)


def make(images: int) -> Path:
    """Make an index of synthetic embeddings with the command, unless it exists."""
    folder = FOLDER / str(images)
    rows, table = write_large(folder, images)
    words = ("index", "--index", folder / "index", "--model", DATA / "space")
    words += ("--embeddings", rows, "--files", table)
    subprocess.run([COMMAND, *map(str, words)], check=True, stdout=sys.stderr)
    return folder / "index"


def latencies(folder: Path, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the latency and recall of each kind of query on an index, then those of the peers."""
    texts = unit(np.load(DATA / "caption_embeddings.npy"))
    with open_index(folder) as index:
        images = index.engine.count()
        searcher = Searcher(index, encode=lambda text: texts[int(text)])
        names = [hit.payload["path"] for hit in index.engine.query(Query(limit=len(WORDS)))]
        for kind, queries in queries_by_kind(names).items():
            times = timed(
                [lambda q=q: ask_uncached(searcher, q, count=False) for q in queries], rounds
            )
            again = timed([lambda q=q: ask(searcher, q, count=False) for q in queries], 4)
            counted = timed([lambda q=q: ask_uncached(searcher, q, count=True) for q in queries], 2)
            row = {"images": images, "query": kind} | times
            row |= {"p50, again": again["p50"], "p50, counted": counted["p50"]}
            yield row | compare_with_exact(searcher, queries)
        for peer, calls in peers(index, texts).items():
            row = {"images": images, "query": peer} | timed(calls, rounds)
            yield row | dict.fromkeys(("p50, again", "p50, counted", f"recall@{TOP}", "score"))


def queries_by_kind(names: Sequence[str]) -> dict[str, list[str]]:
    """Queries by kind; `text:N` means caption number N."""
    pairs = list(itertools.combinations(WORDS, 2))[::3]
    return {
        "one concept": list(WORDS),
        "a AND b": [f"{a} AND {b}" for a, b in pairs],
        "a NOT b": [f"{a} NOT {b}" for a, b in pairs],
        "(a OR b) NOT c": [f"({a} OR {b}) NOT person" for a, b in pairs],
        "NOT a": [f"NOT {a}" for a in WORDS],
        "a column:value": [
            f"{a} label:{b}" for a, b in zip(WORDS, ("car", "dog") * 5, strict=True)
        ],
        "text: alone": [f"text:{i}" for i in range(0, 250, 25)],
        "text: a": [f"text:{25 * i} {a}" for i, a in enumerate(WORDS)],
        "text: column:value": [f"text:{25 * i} label:car" for i in range(10)],
        "like: a": [f"like:{name} {a}" for name, a in zip(names, WORDS, strict=True)],
    }


def ask_uncached(searcher: Searcher, query: str, *, count: bool) -> None:
    """Answer a query after emptying the caches."""
    vars(searcher.index.engine)["_counts"] = {}
    vars(searcher)["_images"] = EmbeddingCache(searcher.index)
    ask(searcher, query, count=count)


def ask(searcher: Searcher, query: str, *, count: bool) -> None:
    """Answer a query; `count` counts all matching images."""
    searcher.search(query, Options(count=count))


def timed(calls: Sequence[Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Percentiles of the milliseconds of all calls, after one warm-up call each."""
    for call in calls:
        call()
    times = []
    for call in [call for _ in range(rounds) for call in calls]:
        started = time.perf_counter()
        call()
        times.append(1e3 * (time.perf_counter() - started))
    return {"p50": float(np.percentile(times, 50)), "p99": float(np.percentile(times, 99))}


def compare_with_exact(searcher: Searcher, queries: Sequence[str]) -> dict[str, float]:
    """Recall of the best images of exact scans, and the mean difference of the scores."""

    def best() -> list[dict[str, float]]:
        answers = (searcher.search(query, Options(limit=TOP, count=False)) for query in queries)
        return [{hit.id: hit.score for hit in answer.hits} for answer in answers]

    def scan(_: Any, to: Direction, passing: Filter, __: int) -> list[Method]:
        return [Method(Nearest(to.vector, exact=True), passing)]

    found = best()
    with patch.object(nearest, "methods", scan):
        wanted = best()
    pairs = [(some, others) for some, others in zip(found, wanted, strict=True) if others]
    return {
        f"recall@{TOP}": fmean(len(some.keys() & others) / len(others) for some, others in pairs),
        "score": fmean(fmean(some.values()) - fmean(others.values()) for some, others in pairs),
    }


def peers(index: Index, texts: np.ndarray[Any, Any]) -> dict[str, list[Callable[[], Any]]]:
    """Calls of each peer, for an index and text embeddings (n, d)."""
    ids, engine = index.space.ids, index.engine
    pairs = list(itertools.combinations(WORDS, 2))[::3]

    def bare(a: str, b: str) -> Callable[[], Any]:
        both = And((Match("concepts", (ids[a],)), Not(Match("concepts", (ids[b],)))))
        return lambda: engine.query(Query(None, both, 10, with_payload=False))

    def scan(text: np.ndarray[Any, Any]) -> Callable[[], Any]:
        return lambda: engine.query(Query(Nearest(text, exact=True), None, TOP, with_payload=False))

    rows = np.load(index.folder.parent / "x.npy", mmap_mode="r")

    def product(text: np.ndarray[Any, Any]) -> Callable[[], Any]:
        return lambda: np.argpartition(-(rows @ text), TOP)[:TOP]

    return {
        "peer: the engine's must and must_not": [bare(a, b) for a, b in pairs],
        "peer: the engine's exact scan": [scan(text) for text in texts[::50]],
        "peer: NumPy's product": [product(text) for text in texts[::50]],
    }


def start_up(index: Path, rounds: int) -> list[dict[str, Any]]:
    """Seconds that processes take from start to end; the commands take turns.

    The first round is not counted: it compiles what Python keeps compiled, as an installer does.
    """
    commands = {
        'splicedex search "dog AND ball"': [COMMAND, "search", "dog AND ball", "--index", index],
        "splicedex --help": [COMMAND, "--help"],
        'peer: python -c "import torch"': [sys.executable, "-c", "import torch"],
        'peer: python -c "import numpy"': [sys.executable, "-c", "import numpy"],
    }
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(1 + rounds):
        for name, command in commands.items():
            started = time.perf_counter()
            words = list(map(str, command))
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL, env=environment)
            seconds[name].append(time.perf_counter() - started)
    return [
        {"command": name, "median": median(times[1:]), "fastest": min(times[1:])}
        for name, times in seconds.items()
    ]


if __name__ == "__main__":
    main()
